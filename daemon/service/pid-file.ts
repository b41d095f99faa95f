/** The file that names the running process, and keeps a second one from starting. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface PidFile {
  readonly ok: true;
  /** Removes the file if it is still ours. */
  release(): void;
}

export interface PidFileFailure {
  readonly ok: false;
  readonly code: 'running' | 'unwritable';
  readonly sentence: string;
}

/** Claims `path` for this process. A file left by a process that is gone, or by another program, is replaced. */
export function claimPidFile(path: string): PidFile | PidFileFailure {
  const holder = readHolder(path);
  if (holder !== undefined && isRunning(holder)) {
    const sentence = `Already running as process ${holder} (${path}). Stop it first, or choose another file with -p.`;
    return { ok: false, code: 'running', sentence };
  }
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, code: 'unwritable', sentence: `Cannot write the process-id file ${path}: ${reason}.` };
  }
  return { ok: true, release: () => release(path) };
}

function readHolder(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A process of that number that is a program like us: pids are used again. */
function isRunning(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.slice(0, 2).some((word) => /^(miredo|main\.js|server-main\.js)/.test(basename(word)));
  } catch {
    return false;
  }
}

function release(path: string): void {
  try {
    if (readFileSync(path, 'utf8').trim() === String(process.pid)) unlinkSync(path);
  } catch {
    // Somebody removed it before us: that is as good.
  }
}
