/** Which version the packages are of, and when it was made: the same for the same tree, whatever the clock says. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** As dpkg, rpm and AppStream write it: 2.0.0~alpha.1 comes before 2.0.0. */
export const sortableVersion = version.replace('-', '~');

/** Seconds: $SOURCE_DATE_EPOCH, or the time of the newest commit, or a fixed one where there is no git. */
export function releaseTime() {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return Number(process.env.SOURCE_DATE_EPOCH);
  try {
    return Number(execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }));
  } catch {
    return 1_767_225_600;
  }
}
