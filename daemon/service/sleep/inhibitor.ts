/**
 * Has the machine's sleep wait for us, a moment at the most: a "delay" lock of logind's (systemd-inhibit(1)).
 *
 * A lock is a file descriptor that comes over the bus. The daemon's connection takes none, from nobody, so a program of
 * systemd's holds it, around one that ends with our end of its pipe: when we close it or die, the lock is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { systemBusAddress } from '../../../dbus/connection.js';
import { HOOK_PATH } from '../hooks/hook-event.js';
import type { Log } from '../log.js';

const PROGRAM = 'systemd-inhibit';
const WORDS = ['--what=sleep', '--mode=delay', '--who=Miredo', '--why=Leaves the Teredo network before', 'cat'];

const environment = (): NodeJS.ProcessEnv => ({
  PATH: HOOK_PATH,
  LC_ALL: 'C',
  DBUS_SYSTEM_BUS_ADDRESS: systemBusAddress(),
});

export class Inhibitor {
  readonly #log: Log;
  #child: ChildProcess | undefined;
  /** It was tried in vain; the tunnel works without. */
  #isVain = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Idempotent. */
  take(): void {
    if (this.#child !== undefined || this.#isVain) return;
    const child = spawn(PROGRAM, WORDS, { cwd: '/', env: environment(), stdio: ['pipe', 'ignore', 'ignore'] });
    this.#child = child;
    // It may be gone when its pipe is closed.
    child.stdin?.on('error', () => {});
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('exit', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
  }

  /** Idempotent. */
  release(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.stdin?.end();
  }

  /** With another logind it may be had. */
  forget(): void {
    this.release();
    this.#isVain = false;
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#isVain = true;
    this.#log('info', `${PROGRAM} has ended (${how}): the machine's sleep does not wait for the tunnel`, {
      EVENT: 'inhibitor-missed',
    });
  }
}
