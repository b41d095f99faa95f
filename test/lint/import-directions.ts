/**
 * Holds the direction of imports between the folders of daemon/, dbus/ and tray-app/, and keeps `wire` and `protocol` pure.
 *
 *     node build/test/lint/import-directions.js [ROOT]
 *
 * Every folder has one line in {@link RULES}. A folder without one is a fault too: whoever adds it decides here what
 * it may see.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Import {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly specifier: string;
  /** `import type` or `export type`: nothing is left of it at run time. */
  readonly typeOnly: boolean;
}

export interface Fault {
  readonly file: string;
  readonly line: number;
  readonly sentence: string;
}

interface Rule {
  /** Folders whose modules may be imported, values and types. */
  readonly values: readonly string[];
  /** Single modules, as `folder/name` or `../folder/name`, that may be imported too. */
  readonly modules?: readonly string[];
  /** Folders of which only types may be imported. */
  readonly types?: readonly string[];
  /** Node's own modules and packages may be imported. */
  readonly outside: boolean;
}

/** The modules of `wire` that define what an address is: the value types that device code speaks in. */
const VALUE_TYPES = ['wire/brand', 'wire/ipv4', 'wire/ipv6', 'wire/teredo-address'];

/**
 * What the supervisor shares with the engine: their messages, and data without packets. What has privilege parses no
 * packet, so neither the cores nor the tunnel are among them.
 */
const SUPERVISORS = [
  'tunnel/messages',
  'tunnel/message-fields',
  'tunnel/message-lines',
  'tunnel/engine-messages',
  'tunnel/probe-messages',
  'tunnel/supervisor-messages',
  'protocol/reasons',
  'protocol/token-bucket',
];

/** Beside daemon/, and as it is seen from there. */
const DBUS = '../dbus';
/** The message bus and our interface on it, shared with the programs at the other end. */
const BUS = [`${DBUS}/org-miredo`, `${DBUS}/connection`, `${DBUS}/message`];

const TRAY = '../tray-app';
const SHARED = `${TRAY}/shared`;
/** What the daemon says, as values: no connection among it. */
const PURE_BUS = [`${DBUS}/snapshot`, `${DBUS}/reports`, `${DBUS}/fault`, `${DBUS}/quantities`];

const RULES: { readonly [folder: string]: Rule } = {
  wire: { values: ['wire'], outside: false },
  protocol: { values: ['wire', 'protocol'], outside: false },
  io: { values: ['io'], modules: VALUE_TYPES, types: ['wire'], outside: true },
  config: { values: ['config', 'wire'], outside: true },
  tunnel: { values: ['tunnel', 'protocol', 'io', 'wire'], types: ['config'], outside: true },
  service: {
    values: ['service', 'config', 'io', 'wire'],
    modules: [...SUPERVISORS, ...BUS],
    types: ['tunnel', 'protocol'],
    outside: true,
  },
  // It knows the daemon by the bus alone.
  ctl: { values: ['ctl', DBUS], modules: ['service/command-line'], outside: true },
  // Both ends of the bus stand on it, the tray too: nothing of the daemon is in it.
  [DBUS]: { values: [DBUS], outside: true },
  // The tray app knows the daemon by the bus alone. Its window runs in a browser: of the bus it has pure values only.
  [SHARED]: { values: [SHARED], modules: PURE_BUS, types: [DBUS], outside: true },
  [`${TRAY}/main`]: { values: [`${TRAY}/main`, SHARED, DBUS], outside: true },
  [`${TRAY}/preload`]: { values: [SHARED], types: [DBUS], outside: true },
  [`${TRAY}/renderer`]: { values: [`${TRAY}/renderer`, SHARED], modules: PURE_BUS, types: [DBUS], outside: true },
  // The programs at the top of daemon/ wire everything together.
  '.': { values: ['.', 'wire', 'protocol', 'io', 'config', 'tunnel', 'service', 'ctl'], outside: true },
};

/** Folders in which time, entropy and the outside world come in by arguments only. */
const PURE = ['wire', 'protocol'];
const IMPURE =
  /\b(?:Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|Buffer|console|crypto|globalThis|fetch|require)\b(?!\s*[?]?:)|\bMath\.random\b/;

/** Blanks out comments and the inside of strings, keeping every line where it is. */
export function withoutCommentsAndStrings(source: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return source.replace(token, (text) => text.replace(/[^\n]/g, ' '));
}

const lineAt = (source: string, index: number): number => source.slice(0, index).split('\n').length;

/** Every static and dynamic import, and every re-export, of a module. */
export function importsOf(source: string): Import[] {
  const comments = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  const code = source.replace(comments, (text) => text.replace(/[^\n]/g, ' '));
  const statement = /\b(?:import|export)\b(\s+type\b)?(?:[^'";()=]*?\bfrom)?\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(statement)].map((match) => ({
    line: lineAt(code, match.index),
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }));
}

/**
 * `daemon/wire/ipv4.ts` is in folder `wire`, `daemon/main.ts` in `.`, `dbus/client.ts` in `../dbus`,
 * `tray-app/main/app.ts` in `../tray-app/main`.
 */
function folderOf(path: string): string {
  const [first = '.', ...rest] = path.split('/');
  if (path.startsWith(`${TRAY}/`)) return `${TRAY}/${rest[1] ?? ''}`;
  if (first === '..') return `../${rest[0] ?? ''}`;
  return rest.length === 0 ? '.' : first;
}

/** Why a module of `folder` must not import `target` (a path inside daemon/); undefined when it may. */
function whyForbidden(folder: string, rule: Rule, target: string, typeOnly: boolean): string | undefined {
  if (rule.modules?.includes(target.replace(/\.js$/, ''))) return undefined;
  const other = folderOf(target);
  if (rule.values.includes(other)) return undefined;
  if (rule.types?.includes(other)) {
    return typeOnly ? undefined : `${folder} may import types from ${other}, with "import type", but no values`;
  }
  if (target.startsWith('..')) return `${folder} must not import from outside daemon/ (${other})`;
  return `${folder} must not import ${other} (it may import ${rule.values.join(', ')})`;
}

function faultsOfImports(file: string, folder: string, rule: Rule, source: string): Fault[] {
  const faults: Fault[] = [];
  for (const { line, specifier, typeOnly } of importsOf(source)) {
    const sentence = specifier.startsWith('.')
      ? whyForbidden(folder, rule, normalize(join(dirname(file), specifier)), typeOnly)
      : rule.outside
        ? undefined
        : `${folder} is pure and must not import ${specifier}`;
    if (sentence !== undefined) faults.push({ file, line, sentence });
  }
  return faults;
}

function faultsOfPurity(file: string, folder: string, source: string): Fault[] {
  if (!PURE.includes(folder)) return [];
  const lines = withoutCommentsAndStrings(source).split('\n');
  return lines.flatMap((text, i) => {
    const name = IMPURE.exec(text)?.[0];
    if (name === undefined) return [];
    return [{ file, line: i + 1, sentence: `${folder} is pure: ${name} has to be passed in` }];
  });
}

/** Faults of one module; `file` is its path as seen from daemon/. */
export function faultsOf(file: string, source: string): Fault[] {
  const folder = folderOf(file);
  const rule = RULES[folder];
  if (rule === undefined) {
    return [{ file, line: 1, sentence: `folder ${folder} has no rule in test/lint/import-directions.ts` }];
  }
  return [...faultsOfImports(file, folder, rule, source), ...faultsOfPurity(file, folder, source)];
}

export function modulesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('node_modules'))
    .sort();
}

function main(): void {
  const root = process.argv[2] ?? fileURLToPath(new URL('../../../daemon', import.meta.url));
  const besides = [DBUS, TRAY].flatMap((folder) => modulesUnder(join(root, folder)).map((file) => `${folder}/${file}`));
  const modules = [...modulesUnder(root), ...besides];
  const faults = modules.flatMap((file) => faultsOf(file, readFileSync(join(root, file), 'utf8')));
  for (const { file, line, sentence } of faults) {
    console.error(`${relative(process.cwd(), join(root, file))}:${line}: ${sentence}`);
  }
  console.log(`import directions: ${modules.length} modules, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
