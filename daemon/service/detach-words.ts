/** The command line as the detached process gets it: it runs in /, so that relative paths would mean other files. */
import { resolve } from 'node:path';
import { describe, type Program } from './command-line.js';

const PATHS = ['config', 'pidfile', 'chroot', 'chrootdir'] as const;

/**
 * `words` that parseCommandLine has accepted, with every path absolute. What was not given stays out, since a default
 * may be more than a path.
 */
export function absoluteWords(program: Program, words: readonly string[], directory: string = process.cwd()): string[] {
  const command = describe(program);
  command.parse([...words], { from: 'user' });
  const result: string[] = [];
  for (const option of command.options) {
    const name = option.attributeName();
    const value: unknown = command.getOptionValue(name);
    if (command.getOptionValueSource(name) !== 'cli' || option.long === undefined) continue;
    // The detached process is in the background already, and says so by other means.
    if (value === true && name !== 'foreground') result.push(option.long);
    if (typeof value !== 'string') continue;
    const isPath = value !== '' && (PATHS as readonly string[]).includes(name);
    result.push(option.long, isPath ? resolve(directory, value) : value);
  }
  if (command.args.length > 0) result.push('--', ...command.args);
  return result;
}
