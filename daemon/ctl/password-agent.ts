/**
 * polkit's agent for terminals, pkttyagent(1), while a call is under way: on a text console and over SSH nobody else
 * would ask for the password.
 *
 * It registers for this process only, and in a session as a fall-back: where that has an agent of its own, as on a
 * desktop, that one asks.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

const PROGRAM = 'pkttyagent';
/** Its descriptor that it closes when it is registered. */
const NOTIFY = 3;
/** Milliseconds for it to register, and to put the terminal back in order. */
const PATIENCE = 5000;

export interface PasswordAgent {
  end(): Promise<void>;
}

/** Whether a person sits there, and a password may be of use. */
export const isWanted = (askPassword: boolean): boolean =>
  askPassword && process.stdin.isTTY === true && process.stdout.isTTY === true && process.geteuid?.() !== 0;

/** polkit 122 overlooks fall-backs of processes that are in no session of systemd-logind; nobody else is there then. */
function isInSession(): boolean {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8').includes(`/user-${process.getuid?.()}.slice/`);
  } catch {
    return false;
  }
}

/** undefined when there is none, as without polkit: the call is then decided without a password. */
export async function startAgent(): Promise<PasswordAgent | undefined> {
  const words = ['--process', String(process.pid), '--notify-fd', String(NOTIFY)];
  if (isInSession()) words.push('--fallback');
  // It opens the terminal by itself. What it says of a missing polkit, the call's answer says better.
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  // Also when this process ends in the middle of a call, it does not stay behind.
  const kill = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', kill);
  const notice = child.stdio[NOTIFY] as Readable | null | undefined;
  const registered = new Promise<void>((resolve) => {
    notice?.once('close', resolve).once('error', () => resolve());
    notice?.resume();
  });
  await within(Promise.race([registered, ended]));
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    process.removeListener('exit', kill);
    return undefined;
  }
  return {
    end: async () => {
      kill();
      if (!(await within(ended))) child.kill('SIGKILL');
      process.removeListener('exit', kill);
    },
  };
}

/** false when it takes longer than {@link PATIENCE}. */
async function within(event: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE);
  });
  try {
    return await Promise.race([event.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
