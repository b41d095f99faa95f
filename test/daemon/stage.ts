/**
 * The real programs as processes, in the test file's own network namespace (test/support/namespace.ts): a cable whose
 * one end has two public addresses, so that a server, a relay and a client can all run on it.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeDescriptor, openUdp } from '../../daemon/io/descriptors.js';
import { port } from '../../daemon/wire/ipv4.js';
import { missingSentence } from '../lab/needed-programs.js';
import { isSingleUser } from '../lab/privilege.js';
import { v4 } from '../protocol/rig.js';
import { enterNamespace } from '../support/namespace.js';
import { ip } from '../support/tun.js';

export type ProgramName = 'miredo' | 'miredo-server';

const ROOT = new URL('../../../', import.meta.url);

/** As package.json's `bin` maps them: files that run by themselves. */
export function fileOf(program: ProgramName): string {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { bin: Record<string, string> };
  return fileURLToPath(new URL(bin[program] ?? '', ROOT));
}

export const PRIMARY = '203.0.113.10';
export const SECONDARY = '203.0.113.11';

/** Where a namespace of the test's own cannot be had: the reason to skip. Outside of one it does not return. */
export function enterStage(fileUrl: string, more: readonly string[] = []): string | false {
  const reason = missingSentence(['lab']) ?? enterNamespace(fileUrl, more);
  if (reason !== false) return reason;
  if (isSingleUser()) return 'this user namespace has one user only, and an engine needs another';
  plugIn();
  return false;
}

function plugIn(): void {
  ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
  for (const address of [PRIMARY, SECONDARY]) ip('address', 'add', `${address}/24`, 'dev', 'eth0');
  // No addresses of the kernel's own making: they would come a second later, and change the picture.
  for (const end of ['eth0', 'eth1']) ip('link', 'set', end, 'addrgenmode', 'none', 'up');
}

/**
 * Everything a program may leave in the kernel: interfaces, addresses, routes, rules. Without the table "local", which
 * follows the addresses, but later.
 */
export function picture(): string {
  const looks = [
    ['-o', 'address', 'show'],
    ['-o', 'link', 'show'],
    ['-6', 'route', 'show', 'table', 'all'],
    ['-4', 'route', 'show', 'table', 'all'],
    ['-6', 'rule', 'show'],
  ];
  return looks.map((words) => ip(...words).replace(/^.* table local .*\n/gm, '')).join('\n');
}

export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** UDP sockets of the namespace. */
export const udpSockets = (): string => readFileSync('/proc/net/udp', 'utf8').split('\n').slice(1).join('\n');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from the start, or from the last signal. */
  readonly after: number;
}

/** A program that was started, line by line. */
export class Running {
  readonly pid: number;
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  stdout = '';
  readonly #child: ChildProcess;
  #since = performance.now();
  #exit: Exit | undefined;
  #waiting: { readonly look: () => boolean; readonly settle: () => void }[] = [];

  constructor(file: string, words: readonly string[], detached: boolean) {
    this.#child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe'], detached });
    const { pid, stdout, stderr } = this.#child;
    assert.ok(pid !== undefined && stdout !== null && stderr !== null, `cannot start ${file}`);
    this.pid = pid;
    stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    createInterface({ input: stderr }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    // What counts is the end of the process; its last lines are read when its streams have ended as well.
    let after = 0;
    this.#child.on('exit', () => {
      after = performance.now() - this.#since;
    });
    this.exited = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#exit = { code, signal, after };
        resolve(this.#exit);
        this.#wake();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** The first line that matches; fails when the program ends without one. */
  async line(pattern: RegExp, count = 1): Promise<string> {
    const found = (): string[] => this.lines.filter((line) => pattern.test(line));
    await new Promise<void>((settle) => {
      const look = (): boolean => found().length >= count || this.hasEnded;
      if (look()) settle();
      else this.#waiting.push({ look, settle });
    });
    const line = found()[count - 1];
    assert.ok(line !== undefined, `ended without a line like ${pattern}:\n${this.lines.join('\n')}`);
    return line;
  }

  /** `toGroup`: as a terminal does it. */
  signal(name: NodeJS.Signals, toGroup = false): void {
    this.#since = performance.now();
    process.kill(toGroup ? -this.pid : this.pid, name);
  }

  /** Ends it as its user would. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.hasEnded) this.signal(name);
    return this.exited;
  }

  #wake(): void {
    const met = this.#waiting.filter(({ look }) => look());
    this.#waiting = this.#waiting.filter((entry) => !met.includes(entry));
    for (const { settle } of met) settle();
  }
}

export interface StartOptions {
  /** Of the configuration file; without one there is no file. */
  readonly config?: string;
  readonly words?: readonly string[];
  readonly pidFile?: string;
  /** In a process group of its own. */
  readonly detached?: boolean;
}

/** Files of one test, and what it started: gone when it ends. */
export class Stage {
  readonly directory: string;
  readonly pidFile: string;
  readonly #configs = new Map<Running, string>();
  readonly #context: TestContext;

  constructor(context: TestContext) {
    this.directory = mkdtempSync(join(tmpdir(), 'miredo-stage-'));
    this.pidFile = join(this.directory, 'miredo.pid');
    this.#context = context;
    context.after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** `program -f -c FILE -p PIDFILE` and more. */
  start(program: ProgramName, options: StartOptions = {}): Running {
    const { config, words = [], pidFile = this.pidFile, detached = false } = options;
    const file = join(this.directory, `${program}-${readdirSync(this.directory).length}.conf`);
    if (config !== undefined) writeFileSync(file, config);
    const running = this.run(program, ['-f', '-c', file, '-p', pidFile, ...words], detached);
    this.#configs.set(running, file);
    return running;
  }

  /** Path of the configuration file that a program was started with. */
  configOf(running: Running): string {
    return this.#configs.get(running) ?? '';
  }

  /** A program with these words and nothing else. */
  run(program: ProgramName, words: readonly string[], detached = false): Running {
    const running = new Running(fileOf(program), words, detached);
    this.#context.after(async () => {
      if (running.hasEnded) return;
      running.signal('SIGKILL');
      await running.exited;
    });
    return running;
  }

  /** A Teredo server on an address and the next one, ready to answer. */
  async startServer(primary = PRIMARY): Promise<Running> {
    const config = `ServerBindAddress ${primary}\n`;
    const server = this.start('miredo-server', { config, pidFile: join(this.directory, `server-${primary}.pid`) });
    await server.line(/serving on port 3544/);
    return server;
  }

  /** Somebody else's socket on a port of {@link PRIMARY}; returns the port. */
  occupyPort(wanted = 0): number {
    const socket = openUdp({ address: v4(PRIMARY), port: port(wanted) });
    assert.ok(socket.ok, socket.ok ? '' : socket.sentence);
    this.#context.after(() => closeDescriptor(socket.fd));
    return socket.local.port;
  }
}
