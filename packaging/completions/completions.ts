/**
 * Makes build/completions: what shells offer behind `miredoctl`, from the commands as commander knows them.
 *
 * Files are named as the shells look for them, so that a package copies them to share/bash-completion/completions,
 * share/zsh/site-functions and share/fish/vendor_completions.d.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCtl } from '../../daemon/ctl/command-line.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { zshCompletion } from './zsh.js';

export const COMPLETIONS: readonly { readonly file: string; readonly make: typeof bashCompletion }[] = [
  { file: 'miredoctl', make: bashCompletion },
  { file: '_miredoctl', make: zshCompletion },
  { file: 'miredoctl.fish', make: fishCompletion },
];

/** Writes what is not there as it should be. */
export function writeCompletions(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { file, make } of COMPLETIONS) {
    const path = join(folder, file);
    const text = make(describeCtl());
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  }
}
