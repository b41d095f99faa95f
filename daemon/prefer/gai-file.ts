/**
 * Changes /etc/gai.conf so that there is never less than a whole file: the old one until the new one is on the disk.
 *
 * Who is killed in the middle leaves the old file, or the new one, and maybe a draft beside it, which the next run takes
 * away. Mode, owner, access lists and links stay.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { lockDescriptor } from '../io/file-lock.js';
import { GAI_CONF, type PlanRefusal, plan } from './block.js';

export type ChangeResult =
  | { readonly ok: true; readonly isChanged: boolean }
  | PlanRefusal
  | { readonly ok: false; readonly code: 'file' | 'busy'; readonly sentence: string };

/** Beside the file: a name may only be given to what is on the same file system. */
const DRAFT = '.gai.conf.miredo';
/** BOUNDED: bytes of a file that is looked at; the shipped one has 2,600. */
const SIZE_LIMIT = 1024 * 1024;

const fault = (sentence: string): ChangeResult => ({ ok: false, code: 'file', sentence });
const BUSY: ChangeResult = { ok: false, code: 'busy', sentence: `Somebody else is changing ${GAI_CONF}; try again.` };

/** Needs root, as the file's owner. */
export function changeGaiConf(isWanted: boolean): ChangeResult {
  try {
    const target = targetOf(GAI_CONF);
    const draft = new Draft(join(dirname(target), DRAFT));
    try {
      return draft.isOurs ? change(target, draft, isWanted) : BUSY;
    } finally {
      draft.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fault(
      `${GAI_CONF} cannot be changed: ${code === 'EACCES' || code === 'EPERM' ? 'only root may' : message}.`,
    );
  }
}

/** Where a link leads, which stays a link. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    const isLink = lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isLink) return file;
    throw error;
  }
}

function change(target: string, draft: Draft, isWanted: boolean): ChangeResult {
  const before = statSync(target, { throwIfNoEntry: false });
  const obstacle = before === undefined ? undefined : obstacleIn(before);
  if (obstacle !== undefined) return fault(`${target} is left alone: it ${obstacle}.`);
  const content = before === undefined ? undefined : readFileSync(target, 'latin1');
  const planned = plan(content, isWanted);
  if (!planned.ok) return planned;
  if (planned.change === 'none') return { ok: true, isChanged: false };
  if (planned.change === 'write') draft.write(planned.content, before === undefined ? undefined : target);
  if (!isSame(before, statSync(target, { throwIfNoEntry: false }))) return BUSY;
  if (planned.change === 'write') draft.become(target);
  else rmSync(target);
  sync(dirname(target));
  return { ok: true, isChanged: true };
}

function obstacleIn(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is no regular file';
  if (stats.nlink > 1) return 'has a second name (a hard link), which would keep the old text';
  return stats.size > SIZE_LIMIT ? 'is too large' : undefined;
}

const isSame = (a: Stats | undefined, b: Stats | undefined): boolean =>
  a?.ino === b?.ino && a?.mtimeMs === b?.mtimeMs && a?.size === b?.size;

/** The new text before it is the file. Locked, so that of two runs one gives way. */
class Draft {
  readonly isOurs: boolean;
  readonly #path: string;
  readonly #fd: number;
  #isPlaced = false;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const isLocked = lockDescriptor(this.#fd).ok;
    // Whoever had it before may have made it the file in the meantime, or have taken it away.
    this.isOurs = isLocked && lstatSync(path, { throwIfNoEntry: false })?.ino === fstatSync(this.#fd).ino;
  }

  /** `like`: whose mode, owner, access lists and security context it gets. */
  write(content: string, like: string | undefined): void {
    if (like === undefined) fchmodSync(this.#fd, 0o644);
    else copyWithAttributes(like, this.#path);
    ftruncateSync(this.#fd);
    const bytes = Buffer.from(content, 'latin1');
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#fd, bytes, written, undefined, written);
    fsyncSync(this.#fd);
  }

  become(target: string): void {
    renameSync(this.#path, target);
    this.#isPlaced = true;
  }

  close(): void {
    if (this.isOurs && !this.#isPlaced) rmSync(this.#path, { force: true });
    closeSync(this.#fd);
  }
}

/** Node knows neither access lists nor extended attributes. The draft stays the same file, and locked. */
function copyWithAttributes(from: string, to: string): void {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  execFileSync('cp', ['--preserve=all', '--no-target-directory', '--', from, to], { env, stdio: 'pipe' });
}

function sync(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
