/** What the kernel tells of each thread of another process (proc_pid_status(5)). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ThreadStatus {
  /** Inheritable, permitted, effective, bounding, ambient; hexadecimal. */
  readonly capabilities: readonly string[];
  /** Real, effective, saved, of files. */
  readonly uids: string;
  readonly gids: string;
  readonly groups: string;
  readonly noNewPrivileges: string;
  /** '2' with a filter. */
  readonly seccomp: string;
}

/** One a thread; those that end meanwhile are left out. */
export function threadStatuses(process: number): ThreadStatus[] {
  return threadDirectories(process).flatMap((directory) => {
    const text = attempt(() => readFileSync(`${directory}/status`, 'utf8'));
    return text === undefined ? [] : [parseThreadStatus(text)];
  });
}

/** Where the root directory of each thread is. The caller must be allowed to trace the process. */
export function threadRoots(process: number): string[] {
  return threadDirectories(process).flatMap((directory) => attempt(() => readlinkSync(`${directory}/root`)) ?? []);
}

const threadDirectories = (process: number): string[] =>
  readdirSync(`/proc/${process}/task`).map((thread) => `/proc/${process}/task/${thread}`);

/** Of the text of a `status` file. */
export function parseThreadStatus(status: string): ThreadStatus {
  const fields = new Map(status.split('\n').map((line) => [line.replace(/:.*/, ''), line.replace(/^.*:\s*/, '')]));
  const field = (name: string): string => (fields.get(name) ?? 'missing').trim();
  return {
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field),
    uids: field('Uid'),
    gids: field('Gid'),
    groups: field('Groups'),
    noNewPrivileges: field('NoNewPrivs'),
    seccomp: field('Seccomp'),
  };
}

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
