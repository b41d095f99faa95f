/** miredoctl as its users run it, root and others. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Running } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { as, type Said } from './private-bus.js';

const ROOT = new URL('../../../', import.meta.url);

/** Where package.json says that it is. */
export const CTL_PROGRAM: string = (() => {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { bin: Record<string, string> };
  return fileURLToPath(new URL(bin['miredoctl'] ?? '', ROOT));
})();

/** The tree may be where others cannot read; /run is the stage's own. It is one file. */
const PUBLIC_COPY = '/run/miredoctl.cjs';

export const ctl = (...words: string[]): Promise<Said> => as('root', CTL_PROGRAM, ...words);

/** The shell's words for a miredoctl that everybody may read. */
export function publicCtl(): string {
  copyFileSync(CTL_PROGRAM, PUBLIC_COPY);
  return `${process.execPath} ${PUBLIC_COPY}`;
}

export const ctlAs = (user: string, ...words: string[]): Promise<Said> =>
  as(user, ...(publicCtl().split(' ') as [string, string]), ...words);

/** The object of `status --json`, whatever its exit code. */
export async function statusObject(): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await ctl('status', '--json');
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A miredoctl that goes on; it ends with the test. */
export function watch(t: { after: (act: () => Promise<void>) => void }, ...words: string[]): Running {
  const running = new Running(CTL_PROGRAM, words, false);
  t.after(async () => {
    if (!running.hasEnded) await running.stop('SIGKILL');
  });
  return running;
}

export type Line = Readonly<Record<string, unknown>>;

/** JSON lines of a program, taken one after the other until one fits. */
export function objectsOf(program: Running): { readonly next: (fits: (line: Line) => boolean) => Promise<Line> } {
  let taken = 0;
  return {
    next: (fits) =>
      waitFor(
        `${fits} in\n${program.stdout}`,
        () => {
          const lines = program.stdout.split('\n').slice(0, -1);
          while (taken < lines.length) {
            const line = JSON.parse(lines[taken] ?? '') as Line;
            taken += 1;
            if (fits(line)) return line;
          }
          return undefined;
        },
        { timeout: 20_000 },
      ),
  };
}
