/** Where a program's configuration is when the command line does not say. */
import { existsSync, readFileSync } from 'node:fs';
import type { Program } from './command-line.js';

type Places = Pick<Program, 'config' | 'olderConfig'>;

/** The usual place, unless only the older one is there. */
export function defaultConfiguration(program: Places): string {
  return !existsSync(program.config) && existsSync(program.olderConfig) ? program.olderConfig : program.config;
}

/** What to tell an administrator who has both files, and perhaps edits the one that nobody reads. */
export function unreadConfiguration({ config, olderConfig }: Places): string | undefined {
  const [text, older] = [textOf(config), textOf(olderConfig)];
  if (text === undefined || older === undefined || text === older) return undefined;
  return `${olderConfig} is not read, as there is ${config}, and they differ; move what you need of it there, and remove it.`;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // who has to read it says why it cannot
  }
}
