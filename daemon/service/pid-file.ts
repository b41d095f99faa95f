/**
 * The pid file: says which process runs, and keeps a second one from starting beside it. What counts is the lock on
 * the file, which ends with the process; a file that a killed process left behind is no obstacle.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { lockDescriptor } from '../io/file-lock.js';

export interface PidFile {
  readonly ok: true;
  /** Removes the file. */
  release(): void;
}

export interface PidFileFailure {
  readonly ok: false;
  readonly code: 'running' | 'unwritable';
  readonly sentence: string;
}

const MODE = 0o644;
const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
/** BOUNDED: how often another process may remove the file between our opening and our locking it. */
const ATTEMPTS = 8;

export function claimPidFile(file: string, pid = process.pid): PidFile | PidFileFailure {
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const descriptor = openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW, MODE);
      const lock = lockDescriptor(descriptor);
      if (!lock.ok) {
        const failure = lock.isHeld ? running(file, descriptor) : notWritable(file, lock.errno);
        closeSync(descriptor);
        return failure;
      }
      if (isStillAt(file, descriptor)) {
        if (isPidFile(descriptor)) return take(file, descriptor, pid);
        closeSync(descriptor);
        return notWritable(file, 'EEXIST');
      }
      closeSync(descriptor);
    }
    return notWritable(file, 'EAGAIN');
  } catch (error) {
    return notWritable(file, errnoOf(error));
  }
}

/** Empty, or begins with a number: whatever else `-p` names by mistake is not ours to overwrite, and then to remove. */
function isPidFile(descriptor: number): boolean {
  const beginning = Buffer.alloc(32);
  const length = readSync(descriptor, beginning, 0, beginning.length, 0);
  return /^\s*(\d|$)/.test(beginning.toString('latin1', 0, length));
}

function take(file: string, descriptor: number, pid: number): PidFile {
  letOthersRead(descriptor);
  ftruncateSync(descriptor);
  writeSync(descriptor, `${pid}\n`, 0);
  let isHeld = true;
  return {
    ok: true,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      if (isStillAt(file, descriptor)) unlinkQuietly(file);
      closeSync(descriptor);
    },
  };
}

/** Scripts of other users read it, whatever mask for new files we were started with. */
function letOthersRead(descriptor: number): void {
  try {
    fchmodSync(descriptor, MODE);
  } catch {
    // It is somebody else's file that we may write to: theirs is the mode.
  }
}

/** Whoever ends removes the file, perhaps between our opening it and our locking it. */
function isStillAt(file: string, descriptor: number): boolean {
  try {
    const there = lstatSync(file);
    const ours = fstatSync(descriptor);
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch {
    return false;
  }
}

function unlinkQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Without the lock it says nothing.
  }
}

function running(file: string, descriptor: number): PidFileFailure {
  const pid = /^\d+/.exec(readFileSync(descriptor, 'utf8'))?.[0];
  const process = pid === undefined ? 'another process' : `process ${pid}`;
  return {
    ok: false,
    code: 'running',
    sentence: `Already running: ${process} holds ${file}. Stop that one, or name another file with -p FILE.`,
  };
}

function notWritable(file: string, errno: string): PidFileFailure {
  const reason = REASONS[errno] ?? errno;
  const sentence = `Cannot write the pid file ${file}: ${reason}. Name another with -p FILE.`;
  return { ok: false, code: 'unwritable', sentence };
}

const REASONS: { readonly [errno: string]: string } = {
  EACCES: 'permission denied (it needs root)',
  EEXIST: 'it holds something else',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
};

/** Throws what is no error of the system. */
function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}
