/**
 * A Debian with systemd as its first process, in a container on a network of the lab's.
 *
 * A keeper holds a mount and a process namespace. There a layer in memory covers the tree that is booted, so that the
 * tree stays as it is, and what the machine writes outlasts its boots. The keeper reads from us and does nothing more:
 * when we end, however that comes, it ends, and the kernel ends the container and takes away what was mounted.
 *
 * Commands run in the container by nsenter(1). Each looks first whether it got there: with the right namespaces but the
 * wrong root it would change this machine.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { CommandFailure, type CommandResult, run } from '../lab/command.js';
import { waitFor } from '../lab/kernel-view.js';
import type { Lab } from '../lab/lab.js';
import { NAMESPACE_DIRECTORY } from '../lab/namespaces.js';
import { isAbandoned } from '../lab/owner.js';
import type { Place } from '../lab/topology.js';
import { MARK } from './fresh-tree.js';

const CGROUPS = '/sys/fs/cgroup';
/** In the machine: what the test hands in. */
export const SHARED = '/media';
const BOOT_TIMEOUT = 40_000;
const LOST = 99;

/** Words: name, tree, place. What is left of the control group goes with the keeper, when that is not killed itself. */
const KEEP = `
  umount --recursive ${CGROUPS} 2>/dev/null || true
  mount -t cgroup2 cgroup2 ${CGROUPS}
  mkdir ${CGROUPS}/$1
  mount -t tmpfs -o mode=755 tmpfs $3
  mkdir $3/upper $3/work $3/root
  mount -t overlay -o lowerdir=$2,upperdir=$3/upper,workdir=$3/work overlay $3/root
  unshare --pid --fork --kill-child --mount-proc sh -c 'echo ready; exec cat >/dev/null' || true
  find ${CGROUPS}/$1 -depth -type d -exec rmdir {} +`;

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** Whether a process is the first of a process namespace that is not the keeper's. */
function isFirst(pid: number): boolean {
  try {
    const numbers = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
    return numbers.trim().split(/\s+/).at(-1) === '1' && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'systemd\n';
  } catch {
    return false; // it has ended
  }
}

/**
 * Ends what nsenter(1) has started, and not nsenter, which reaps it. Otherwise that would be the first process out here,
 * which may take its time: the machine's shutdown would wait ten seconds for it.
 */
async function endInside(child: ChildProcess): Promise<void> {
  const { pid = 0, exitCode, signalCode } = child;
  if (exitCode !== null || signalCode !== null) return;
  const ended = once(child, 'exit');
  const [inner = pid] = childrenOf(pid);
  process.kill(inner, 'SIGKILL');
  await ended;
}

export interface MachineOptions {
  readonly lab: Lab;
  /** Whose network it has. */
  readonly place: Place;
  readonly tree: string;
  /** Seen in the machine as {@link SHARED}. */
  readonly shared: string;
}

interface Booted {
  readonly container: ChildProcess;
  readonly ended: Promise<unknown>;
  /** systemd's process id out here. */
  readonly leader: number;
}

const namespaces = (pid: number, ...kinds: string[]): string[] => [
  'nsenter',
  `--target=${pid}`,
  ...kinds.map((kind) => `--${kind}`),
  '--root',
  '--wdns=/',
  '--',
];

export class Machine {
  readonly #options: MachineOptions;
  readonly #keeper: ChildProcess;
  readonly #inner: number;
  readonly #root: string;
  readonly #log: string;
  readonly #gone: Promise<unknown>;
  #booted: Booted | undefined;

  private constructor(options: MachineOptions, keeper: ChildProcess, inner: number, root: string) {
    this.#options = options;
    this.#keeper = keeper;
    this.#inner = inner;
    this.#root = root;
    this.#log = `${root}.log`;
    this.#gone = new Promise((resolve) => keeper.on('exit', resolve));
  }

  /** Switched off yet. */
  static async make(options: MachineOptions): Promise<Machine> {
    const { lab, tree } = options;
    const place = join(lab.directory, 'machine');
    mkdirSync(place);
    const keeper = spawn('unshare', ['--mount', 'sh', '-ec', KEEP, 'sh', lab.name, tree, place], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = new Promise<never>((_, reject) => keeper.on('exit', () => reject(new Error('no machine'))));
    await Promise.race([new Promise((resolve) => keeper.stdout.once('data', resolve)), ended]);
    ended.catch(() => undefined);
    const [unshare = 0] = childrenOf(keeper.pid ?? 0);
    const [inner = 0] = childrenOf(unshare);
    const machine = new Machine(options, keeper, inner, place);
    machine.#collectAbandoned();
    return machine;
  }

  /** Control groups of machines whose owner and keeper were killed. */
  #collectAbandoned(): void {
    const folder = `/proc/${this.#inner}/root${CGROUPS}`;
    for (const name of readdirSync(folder).filter(isAbandoned)) {
      const all = readdirSync(join(folder, name), { recursive: true, withFileTypes: true });
      const folders = all.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
      for (const each of [join(folder, name), ...folders].sort().reverse()) rmdirSync(each);
    }
  }

  /** Puts a file there while the machine is off. */
  place(path: string, text: string, mode = 0o644): void {
    assert.equal(this.#booted, undefined);
    const file = `/proc/${this.#inner}/root${this.#root}/root${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }

  /** Returns when systemd has come to rest: "running" or "degraded". */
  async boot(): Promise<string> {
    const { lab, place, shared } = this.#options;
    const group = `${CGROUPS}/${lab.name}/boot`;
    const inside = ['sh', '-ec', `mkdir -p ${group}; echo 0 >${group}/cgroup.procs; exec "$@"`, 'sh'];
    const nspawn = [
      'systemd-nspawn',
      '--quiet',
      '--boot',
      '--settings=no',
      '--register=no',
      '--keep-unit',
      '--machine=miredo-test',
      '--link-journal=no',
      '--resolv-conf=off',
      '--timezone=off',
      `--directory=${this.#root}/root`,
      `--network-namespace-path=${NAMESPACE_DIRECTORY}/${place.namespace}`,
      '--bind=/dev/net/tun',
      `--bind-ro=${shared}:${SHARED}`,
      // Without these, and the call, systemd cannot hold programs to DeviceAllow= (BPF), and does not say so.
      '--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_BPF,CAP_PERFMON',
      '--system-call-filter=bpf',
    ];
    const log = openSync(this.#log, 'a');
    const argv = [...namespaces(this.#inner, 'mount', 'pid'), ...inside, ...nspawn];
    const env = { PATH: process.env['PATH'], LC_ALL: 'C', SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' };
    const container = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', log, log], env });
    closeSync(log);
    const ended = new Promise((resolve) => container.on('exit', resolve));
    const leader = await this.#waitForLeader(container);
    this.#booted = { container, ended, leader };
    return this.#waitForRest();
  }

  #waitForLeader(container: ChildProcess): Promise<number> {
    const look = (): number | undefined => {
      const [nspawn] = childrenOf(container.pid ?? 0);
      return nspawn === undefined ? undefined : childrenOf(nspawn).find(isFirst);
    };
    const abort = (): string | undefined =>
      container.exitCode === null ? undefined : `it ended:\n${readFileSync(this.#log, 'utf8')}`;
    return waitFor('systemd', look, { timeout: BOOT_TIMEOUT, abort });
  }

  async #waitForRest(): Promise<string> {
    const { leader } = this.#booted ?? assert.fail('it is switched off');
    const look = (): true | undefined => {
      try {
        return readdirSync(`/proc/${leader}/root/run/systemd`).includes('private') || undefined;
      } catch {
        return undefined; // not yet
      }
    };
    await waitFor('systemd to listen', look, { timeout: BOOT_TIMEOUT });
    const { stdout } = await this.run(['systemctl', 'is-system-running', '--wait'], BOOT_TIMEOUT);
    return stdout.trim();
  }

  /** Keeper, container and systemd, by their numbers out here. */
  get processes(): number[] {
    const { container, leader } = this.#booted ?? assert.fail('it is switched off');
    return [this.#keeper.pid ?? 0, this.#inner, container.pid ?? 0, leader];
  }

  /** The command line, out here, of a command inside. */
  argv(command: readonly string[]): string[] {
    const { leader } = this.#booted ?? assert.fail('the machine is switched off');
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const env = [
      'env',
      '-i',
      path,
      'HOME=/root',
      'LC_ALL=C',
      'TERM=xterm',
      'SYSTEMD_PAGER=',
      'DEBIAN_FRONTEND=noninteractive',
    ];
    const guard = ['sh', '-c', `[ -e ${MARK} ] || exit ${LOST}; exec setpriv --pdeathsig KILL -- "$@"`, 'sh'];
    return [...namespaces(leader, 'mount', 'uts', 'ipc', 'pid', 'net', 'cgroup'), ...env, ...guard, ...command];
  }

  run(command: readonly string[], timeout = 30_000): Promise<CommandResult> {
    return run(this.argv(command), { timeout });
  }

  /** What a command prints, which has to succeed. */
  async must(command: readonly string[], timeout?: number): Promise<string> {
    const result = await this.run(command, timeout);
    if (result.code !== 0) throw new CommandFailure(command, result, undefined);
    return result.stdout.trim();
  }

  /** A line of the shell. */
  sh(line: string, timeout?: number): Promise<string> {
    return this.must(['sh', '-ec', line], timeout);
  }

  /** The first line that a command prints and that `matches`; the command is ended then. */
  async line(command: readonly string[], matches: (line: string) => boolean, timeout = 30_000): Promise<string> {
    const argv = this.argv(command);
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    const seen: string[] = [];
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        seen.push(line);
        if (matches(line)) return line;
      }
    } finally {
      clearTimeout(timer);
      await endInside(child);
    }
    return assert.fail(`${command.join(' ')} printed nothing of the kind:\n${seen.join('\n')}`);
  }

  /** As somebody does who wants to switch it off. */
  async shutDown(): Promise<void> {
    const { container, ended } = this.#booted ?? assert.fail('it is switched off');
    const timer = setTimeout(() => container.kill('SIGKILL'), BOOT_TIMEOUT);
    await this.run(['systemctl', 'poweroff']);
    await ended;
    clearTimeout(timer);
    this.#booted = undefined;
    assert.notEqual(container.signalCode, 'SIGKILL', `it did not shut down:\n${readFileSync(this.#log, 'utf8')}`);
  }

  /** Takes away everything of it, without leave. */
  async dispose(): Promise<void> {
    this.#keeper.stdin?.end();
    await this.#gone;
    await this.#booted?.ended;
  }
}
