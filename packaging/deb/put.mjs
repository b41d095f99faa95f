/** Files and licences on their way into a package's tree. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Puts files into the tree `target`, with the folders that they need. */
export const putInto =
  (target) =>
  (source, place, mode = 0o644) => {
    const file = placeIn(target, place);
    copyFileSync(source, file);
    chmodSync(file, mode);
  };

export function writeInto(target, place, text, mode = 0o644) {
  const file = placeIn(target, place);
  writeFileSync(file, text);
  chmodSync(file, mode);
}

export function linkInto(target, place, destination) {
  symlinkSync(destination, placeIn(target, place));
}

function placeIn(target, place) {
  const file = join(target, place);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  return file;
}

/** The pages of the manual that `isWanted` takes. */
export function putManual(put, isWanted) {
  const manual = join(root, 'build/man');
  for (const page of readdirSync(manual).filter(isWanted)) {
    put(join(manual, page), `usr/share/man/man${page.at(-1)}/${page}`);
  }
}

/** The licences of the npm packages that `list` (of bundledPackages) names, as they ask for. */
export function noticesOf(list) {
  const names = JSON.parse(readFileSync(join(root, list), 'utf8'));
  const texts = names.map(
    (name) => `${name}\n${'='.repeat(name.length)}\n\n${licenceOf(join(root, 'node_modules', name))}`,
  );
  return texts.join('\n\n');
}

/** In a file of its own, or a section of the README. */
function licenceOf(folder) {
  const files = readdirSync(folder);
  const own = files.find((file) => /^(licen[cs]e|copying)/i.test(file));
  if (own !== undefined) return readFileSync(join(folder, own), 'utf8');
  const readme = files.find((file) => /^readme/i.test(file));
  const text = readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8');
  const section = /^#+ *licen[cs]e\b.*\n([^#]+)/im.exec(text)?.[1];
  if (section === undefined) throw new Error(`${folder} has no file with its licence`);
  return `${section.trim()}\n`;
}

/** Which of the files are not there, as a sentence; undefined when all are. */
export function missingOf(files) {
  const absent = files.filter((file) => !existsSync(join(root, file)));
  return absent.length === 0 ? undefined : `${absent.join(', ')} missing; run npm run build`;
}
