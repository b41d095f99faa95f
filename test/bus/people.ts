/**
 * What polkit's answers depend on: users with passwords, who sits at the machine, and an agent that asks for a password.
 *
 * The administrator is made in a private /etc, sessions as the files and control groups that systemd-logind would make, and the
 * agent is polkit's own for terminals, on a terminal of its own.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookupUser } from '../../daemon/io/users.js';
import { inputIsHidden } from './hidden-input.js';
import { type Said, STRANGER } from './private-bus.js';

/** Who calls, with no rights of his own. */
const PERSON = STRANGER;
/** The administrator: the one whom polkit asks for the password. */
const BOSS = 'boss-of-test';
export const PASSWORD = 'of the boss: 7';

/** Where the caller is, as a policy's defaults tell it. */
export type Place = 'any' | 'inactive' | 'active';

/** Letters and digits only, or libsystemd takes it for none. */
const SESSION = 't1';
const CGROUPS = '/sys/fs/cgroup';
const LOGIND = '/run/systemd';

/** In the private /etc, before polkit starts. */
export function addBoss(): void {
  execFileSync('useradd', ['--no-create-home', '--no-log-init', '--shell', '/bin/sh', BOSS]);
  execFileSync('chpasswd', { input: `${BOSS}:${PASSWORD}\n` });
  // Debian's polkit takes the members of this group for administrators.
  execFileSync('groupadd', ['--force', 'sudo']);
  execFileSync('gpasswd', ['--members', BOSS, 'sudo'], { stdio: 'ignore' });
}

const idOf = (name: string): { readonly uid: number; readonly gid: number } =>
  lookupUser(name) ?? assert.fail(`there is no user ${name}`);

/** The folders have to be there when polkit starts. Needs mount and control group namespaces of its own. */
export function prepareSessions(): void {
  for (const folder of ['seats', 'sessions', 'users', 'machines']) {
    mkdirSync(join(LOGIND, folder), { recursive: true });
  }
  execFileSync('mount', ['-t', 'cgroup2', 'cgroup2', CGROUPS]);
}

const slice = (uid: number): string => join(CGROUPS, 'user.slice', `user-${uid}.slice`);
const scope = (uid: number): string => join(slice(uid), `session-${SESSION}.scope`);

/** The person sits at the machine; the session may be in the background. */
export function openSession(place: 'active' | 'inactive'): void {
  const { uid } = idOf(PERSON);
  const isActive = place === 'active';
  const state = isActive ? 'active' : 'online';
  const lines = (values: Record<string, string | number>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  const active = isActive ? SESSION : '';
  const seat = { IS_SEAT0: 1, ACTIVE: active, ACTIVE_UID: isActive ? uid : '', SESSIONS: SESSION, UIDS: uid };
  const session = { UID: uid, USER: PERSON, ACTIVE: Number(isActive), IS_DISPLAY: 1, STATE: state, REMOTE: 0 };
  const user = { NAME: PERSON, STATE: state, DISPLAY: SESSION, SESSIONS: SESSION, ACTIVE_SESSIONS: active };
  writeFileSync(join(LOGIND, 'seats/seat0'), lines(seat));
  writeFileSync(join(LOGIND, 'sessions', SESSION), lines({ ...session, TYPE: 'x11', CLASS: 'user', SEAT: 'seat0' }));
  writeFileSync(join(LOGIND, 'users', String(uid)), lines({ ...user, SEATS: 'seat0' }));
  mkdirSync(scope(uid), { recursive: true });
}

/** When nobody is left in it. */
export function closeSession(): void {
  const { uid } = idOf(PERSON);
  for (const file of ['seats/seat0', `sessions/${SESSION}`, `users/${uid}`])
    rmSync(join(LOGIND, file), { force: true });
  for (const folder of [scope(uid), slice(uid), join(CGROUPS, 'user.slice')]) rmdirSync(folder);
}

/** A program of the person's that waits to be let go: polkit knows it by process id, which does not change with `exec`. */
export class Waiting {
  readonly #child: ChildProcess;
  readonly #said: Promise<Said>;
  readonly pid: number;

  private constructor(child: ChildProcess, said: Promise<Said>) {
    this.#child = child;
    this.#said = said;
    this.pid = child.pid ?? assert.fail('it did not start');
  }

  static async start(place: Place, command: string, ...words: string[]): Promise<Waiting> {
    const { uid, gid } = idOf(PERSON);
    // The control group first, as root; then the user; then the agent may register for it.
    const join = place === 'any' ? '' : `echo $$ >${scope(uid)}/cgroup.procs && `;
    const become = `exec setpriv --reuid ${uid} --regid ${gid} --clear-groups`;
    const script = `${join}${become} sh -c 'echo ready >&2; read go; exec "$@"' sh "$@"`;
    const child = spawn('sh', ['-c', script, 'sh', command, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      text.stdout += chunk;
    });
    const isReady = new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk) => {
        text.stderr += chunk;
        resolve();
      });
    });
    const said = new Promise<Said>((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, ...text })));
    await Promise.race([isReady, said]);
    return new Waiting(child, said);
  }

  go(): Promise<Said> {
    this.#child.stdin?.write('\n');
    return this.#said;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#said;
  }
}

/** polkit's agent on a terminal, for one process. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #wake: () => void = () => {};
  /** All that the terminal has shown. */
  text = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk) => {
      this.text += chunk;
      this.#wake();
    });
    this.#ended = new Promise((resolve) => child.on('close', () => resolve()));
  }

  /** Returns when polkit knows it. */
  static async start(pid: number): Promise<Agent> {
    const { uid, gid } = idOf(PERSON);
    const folder = mkdtempSync(join(tmpdir(), 'miredo-agent-'));
    const pipe = join(folder, 'registered');
    execFileSync('mkfifo', ['-m', '666', pipe]);
    execFileSync('chmod', ['755', folder]);
    const command = `exec pkttyagent --process ${pid} --notify-fd 9 9>${pipe}`;
    const become = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    const child = spawn('setpriv', [...become, 'script', '--quiet', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const agent = new Agent(child);
    const registered = spawn('cat', [pipe], { stdio: 'ignore' });
    await Promise.race([
      new Promise((resolve) => registered.on('exit', resolve)),
      agent.#ended.then(() => assert.fail(`the agent ended: ${agent.text}`)),
    ]);
    rmSync(folder, { recursive: true });
    return agent;
  }

  /** Returns when the question for the password is there, and can be answered. */
  async asks(): Promise<void> {
    await this.shows(/Password: $/);
    await inputIsHidden(this.#child.pid);
  }

  async shows(pattern: RegExp): Promise<void> {
    const hasEnded = this.#ended.then(() => assert.fail(`no ${pattern} in: ${this.text}`));
    while (!pattern.test(this.text)) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        hasEnded,
      ]);
    }
    hasEnded.catch(() => {});
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
