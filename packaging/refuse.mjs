/** What keeps a package from being built, in a sentence, instead of a stack. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export function refuse(sentence) {
  console.error(`Cannot build the packages: ${sentence}.`);
  process.exit(1);
}

const isInstalled = (program) =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

/** `programs`: each with Debian's package that has it. */
export function needPrograms(programs) {
  const missing = Object.entries(programs).filter(([program]) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ');
  refuse(`${missing.map(([program]) => program).join(', ')} not installed (Debian: apt install ${packages})`);
}
