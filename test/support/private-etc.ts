/** A copy of /etc that may be changed, in a mount namespace of the test's own: the host's stays as it is. */
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the machine's files belong to somebody who is not in this user namespace: then root here may not much. */
export const isForeignRoot = (): boolean => lstatSync('/').uid !== 0;

/** To be called within the namespace. What changes is held in memory, and goes with the namespace. */
export function coverEtc(): void {
  const place = mkdtempSync(join(tmpdir(), 'miredo-etc-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  if (isForeignRoot()) {
    // An overlay would be as little ours as what is below it; what cannot be read (passwords) is missing in a copy.
    spawnSync('cp', ['--recursive', '--no-dereference', '--preserve=mode', '/etc/.', place], { stdio: 'ignore' });
    execFileSync('mount', ['--bind', place, '/etc']);
    return;
  }
  const [upper, work] = [join(place, 'upper'), join(place, 'work')];
  for (const folder of [upper, work]) mkdirSync(folder, { mode: 0o755 });
  execFileSync('mount', ['-t', 'overlay', '-o', `lowerdir=/etc,upperdir=${upper},workdir=${work}`, 'overlay', '/etc']);
  // What is mounted keeps the folders below alive; their names need not stay.
  execFileSync('umount', ['--lazy', place]);
  execFileSync('rmdir', [place]);
}
