/** Where a program's configuration is when the command line does not say. */
import { existsSync } from 'node:fs';
import type { Program } from './command-line.js';

/** The usual place, unless only the older one is there. */
export function defaultConfiguration(program: Pick<Program, 'config' | 'olderConfig'>): string {
  return !existsSync(program.config) && existsSync(program.olderConfig) ? program.olderConfig : program.config;
}
