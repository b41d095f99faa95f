/** A program of a person's without rights on a terminal of its own, and the person in front of it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { lookupUser } from '../../daemon/io/users.js';
import { inputIsHidden } from './hidden-input.js';
import type { Place } from './people.js';
import { STRANGER } from './private-bus.js';

export interface Ended {
  readonly code: number;
  /** All that the terminal has shown, the keys that were pressed included. */
  readonly text: string;
}

/** Words of the shell that run a program there as the person: into the session as root, then the user. */
function becoming(place: Place): string {
  const { uid, gid } = lookupUser(STRANGER) ?? assert.fail(`there is no user ${STRANGER}`);
  const session = `/sys/fs/cgroup/user.slice/user-${uid}.slice/session-*.scope/cgroup.procs`;
  const join = place === 'any' ? '' : `echo $$ | tee ${session} && `;
  return `${join}exec setpriv --reuid ${uid} --regid ${gid} --clear-groups`;
}

export class Terminal {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ended>;
  #wake: () => void = () => {};
  text = '';

  /** `command`: a line of the shell. */
  constructor(place: Place, command: string, environment: Readonly<Record<string, string>> = {}) {
    const script = `${becoming(place)} script --quiet --return --command "$0" /dev/null`;
    const env = { PATH: process.env['PATH'], TERM: 'xterm', ...environment };
    this.#child = spawn('sh', ['-c', script, command], { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve({ code: code ?? -1, text: this.text }));
    });
  }

  async shows(pattern: RegExp): Promise<void> {
    let hasEnded = false;
    void this.ended.then(() => {
      hasEnded = true;
      this.#wake();
    });
    while (!pattern.test(this.text)) {
      if (hasEnded) throw new Error(`ended without ${pattern}: ${this.text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Returns when a question for a password, which is shown already, can be answered. */
  asks(): Promise<void> {
    return inputIsHidden(this.#child.pid);
  }

  async enterPassword(password: string): Promise<void> {
    await this.asks();
    this.type(`${password}\n`);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
