/**
 * A fresh Debian to boot: of this machine's release, from where its apt gets packages, made by mmdebstrap. That takes half
 * a minute, so it is kept for the next run (nobody changes it: what runs in it writes to a layer of its own).
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../lab/command.js';

/** Only root writes there, and root is what boots from it. */
const FOLDER = '/var/cache/miredo-test';
const MAKING_TIMEOUT = 400_000;

/** What a desktop has before ours comes, as far as ours has to do with it. */
const PACKAGES = [
  'dbus',
  'dbus-user-session',
  'iproute2',
  'iputils-ping',
  'libpam-systemd',
  'network-manager',
  'nftables',
  'passwd',
  'polkitd',
  'pkexec',
  'procps',
  'systemd-sysv',
];
/** In the tree: what shows that a command is inside, and where Debian's C miredo lies to be installed. */
export const MARK = '/etc/miredo-test-tree';
export const OLD_PACKAGES = '/opt/c-miredo';
export const PEOPLE = { nobodySpecial: 'anna', administrator: 'berta' } as const;
export const PASSWORD = 'of berta: 7';

/** Run in the tree by mmdebstrap, when its packages are there. */
const FINISH = [
  `touch ${MARK}`,
  `mkdir -p ${OLD_PACKAGES}/partial`,
  `apt-get install -y --download-only -o Dir::Cache::Archives=${OLD_PACKAGES} miredo`,
  `useradd --create-home --shell /bin/sh ${PEOPLE.nobodySpecial}`,
  `useradd --create-home --shell /bin/sh --groups sudo ${PEOPLE.administrator}`,
  `echo '${PEOPLE.administrator}:${PASSWORD}' | chpasswd`,
  // No question waits on the console, no timer runs while a test looks.
  'systemctl mask console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer',
];

/** Debian's own, whatever else this machine has. */
async function sources(): Promise<string> {
  const format = 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)';
  const ask = ['apt-get', 'indextargets', '--format', format, 'Created-By: Packages', 'Origin: Debian'];
  let known = (await mustRun(ask)).stdout;
  if (known === '') {
    await mustRun(['apt-get', 'update'], { timeout: MAKING_TIMEOUT });
    known = (await mustRun(ask)).stdout;
  }
  assert.notEqual(known, '', 'apt knows of no source of Debian packages');
  return known;
}

/** Packages' scripts stop programs that they find running (polkitd's does): let them not find this machine's. */
const ALONE = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

async function make(target: string, lines: string): Promise<void> {
  const words = ['--mode=root', '--variant=apt', `--include=${PACKAGES.join(',')}`];
  const hook = `--customize-hook=chroot "$1" sh -ec "${FINISH.join('\n')}"`;
  // The suite's name is taken from the sources on its standard input.
  const argv = [...ALONE, 'mmdebstrap', '--quiet', ...words, hook, '', target, '-'];
  await mustRun(argv, { input: lines, timeout: MAKING_TIMEOUT });
}

/** The tree's folder; made when there is none of this kind. */
export async function freshTree(): Promise<string> {
  const lines = await sources();
  const kind = createHash('sha256').update(JSON.stringify([PACKAGES, FINISH, lines]));
  const tree = join(FOLDER, `tree-${kind.digest('hex').slice(0, 16)}`);
  if (existsSync(tree)) return tree;
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  // Other kinds, and what was being made when somebody was interrupted.
  for (const name of readdirSync(FOLDER)) rmSync(join(FOLDER, name), { recursive: true, force: true });
  const unfinished = `${tree}-unfinished`;
  await make(unfinished, lines);
  renameSync(unfinished, tree);
  return tree;
}
