/**
 * When a password may be typed: polkit's agent shows its question first, and then throws away what was typed before it
 * turned the echo off.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { waitFor } from '../lab/kernel-view.js';

/** The terminal that script(1) has made for its child. */
function terminalOf(script: number): string {
  const children = readFileSync(`/proc/${script}/task/${script}/children`, 'latin1').trim().split(' ');
  return readlinkSync(`/proc/${children[0]}/fd/0`);
}

/** Returns when the terminal that the process `script` runs does not show what is typed any more. */
export async function inputIsHidden(script: number | undefined): Promise<void> {
  const terminal = terminalOf(script ?? 0);
  const isHidden = (): boolean => / -echo\b/.test(execFileSync('stty', ['-F', terminal, '-a'], { encoding: 'utf8' }));
  await waitFor(`the echo of ${terminal} to end`, () => isHidden() || undefined, { timeout: 10_000 });
}
