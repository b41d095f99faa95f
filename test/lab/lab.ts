/**
 * A Teredo internet in network namespaces (drawn in topology.ts), made and removed whole.
 *
 *     const lab = await createLab({ nats: ['port-restricted', 'full-cone'] });
 *     try {
 *       await lab.startServer('c');
 *       await lab.startRelay('c');
 *       const client = await lab.startClient(0, 'c');
 *       await lab.ping(lab.clients[0], lab.host.ipv6[0]);
 *     } finally {
 *       await lab.dispose();
 *     }
 *
 * Several labs live side by side. What the owner started is gone when the owner ends, by {@link Lab.dispose}, exit,
 * SIGINT or SIGTERM; what a killed owner left behind is collected by the next createLab of anybody.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type Agent, startAgent } from './agent-handle.js';
import { type CommandResult, mustRun, run } from './command.js';
import { commandLine, configText, type Implementation, type ProgramKind } from './implementation.js';
import { globalAddresses, hasDefaultRoute, hasTeredoRoute, isUdpBound, waitFor } from './kernel-view.js';
import { deleteNamespaces, inNamespace, killEverythingIn } from './namespaces.js';
import { type MappingTimeouts, type NatType, natRules } from './nat.js';
import { collectAbandonedLabs, LAB_DIRECTORY, newLabName } from './owner.js';
import { type PingOptions, type PingResult, ping } from './ping.js';
import { endedReason, type Program, startProgram } from './program.js';
import { namespacesOf, type Place, planTopology, type Setup, setups, type Topology, wiring } from './topology.js';

export interface LabOptions {
  /** One client behind each. */
  readonly nats: readonly NatType[];
  /** Life of an idle UDP mapping in every NAT; the kernel's defaults when absent. */
  readonly timeouts?: MappingTimeouts;
}

export interface StartOptions {
  /** Further directives of the configuration file; they replace the lab's own of the same name. */
  readonly config?: Readonly<Record<string, string>>;
  /** Milliseconds to wait for it to be ready. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** It finds {@link SERVER_NAME} in its /etc/hosts. */
  readonly names?: boolean;
  /** Another place than its own, for a relay. */
  readonly at?: Place;
}

export interface RunningClient {
  readonly program: Program;
  readonly address: string;
  /** Milliseconds from the start of the process until address and default route were usable. */
  readonly qualifiedAfter: number;
}

/** Name of the Teredo interface in every namespace. */
export const INTERFACE = 'teredo';
export const RELAY_PORT = 3545;
/** The Teredo server's name, for programs that are started with names. */
export const SERVER_NAME = 'teredo.example';
const SERVER_PORT = 3544;
const READY_TIMEOUT = 10_000;

/** Labs that this process has to remove when it ends. */
const live = new Set<Lab>();
let handlersInstalled = false;

function removeAllNow(): void {
  for (const lab of live) lab.removeNow();
}

/** Exit and signals must not leave namespaces behind. */
function installHandlers(): void {
  if (handlersInstalled) return;
  handlersInstalled = true;
  process.on('exit', removeAllNow);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Ctrl-C may come twice, from the terminal and from a parent that passes it on: the second one waits until all is
    // removed, because the handler stays until then.
    const end = (): void => {
      removeAllNow();
      process.off(signal, end);
      process.kill(process.pid, signal);
      process.exit(128 + constants.signals[signal]); // the first process of a namespace survives its own signal
    };
    process.on(signal, end);
  }
}

async function setUp({ place, settings, ip }: Setup): Promise<void> {
  if (settings.length > 0) await mustRun(inNamespace(place.namespace, ['sysctl', '-q', '-w', ...settings]));
  await mustRun(['ip', '-n', place.namespace, '-batch', '-'], { input: `${ip.join('\n')}\n` });
}

async function build(topology: Topology, timeouts: MappingTimeouts | undefined): Promise<void> {
  await mustRun(['ip', '-batch', '-'], { input: `${wiring(topology).join('\n')}\n` });
  await Promise.all(setups(topology, timeouts).map(setUp));
  const rules = topology.nats.map((nat) => {
    const options = { type: nat.type, outside: 'wan', address: nat.ipv4[0] ?? '' };
    const input = natRules(timeouts === undefined ? options : { ...options, timeouts });
    return mustRun(inNamespace(nat.namespace, ['nft', '-f', '-']), { input });
  });
  await Promise.all(rules);
}

export async function createLab(options: LabOptions): Promise<Lab> {
  collectAbandonedLabs();
  installHandlers();
  const name = newLabName();
  const lab = new Lab(name, planTopology(name, options.nats));
  live.add(lab);
  try {
    mkdirSync(lab.directory, { recursive: true });
    await build(lab.topology, options.timeouts);
  } catch (error) {
    lab.removeNow();
    throw error;
  }
  return lab;
}

export class Lab {
  readonly name: string;
  readonly topology: Topology;
  /** Configuration, process ids and output of everything that ran in it. */
  readonly directory: string;
  readonly #programs: Program[] = [];
  readonly #agents = new Map<string, Agent>(); // BOUNDED: one a place

  constructor(name: string, topology: Topology) {
    this.name = name;
    this.topology = topology;
    this.directory = join(LAB_DIRECTORY, name);
  }

  get server(): Place {
    return this.topology.server;
  }

  get relay(): Place {
    return this.topology.relay;
  }

  get host(): Place {
    return this.topology.host;
  }

  client(index: number): Place {
    const client = this.topology.clients[index];
    if (client === undefined) throw new RangeError(`the lab has no client ${index}`);
    return client;
  }

  /** Runs a program to its end in a place. */
  run(place: Place, argv: readonly string[]): Promise<CommandResult> {
    return run(inNamespace(place.namespace, argv));
  }

  /** Starts a program that goes on running; its output is in {@link Program.logFile}. */
  spawn(place: Place, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const name = `${place.name}-${this.#programs.length}`;
    const logFile = join(this.directory, `${name}.log`);
    const program = startProgram({ name, namespace: place.namespace, argv, logFile, env });
    this.#programs.push(program);
    return program;
  }

  ping(from: Place, address: string, options?: PingOptions): Promise<PingResult> {
    return ping(from.namespace, address, options);
  }

  /** The process that opens sockets in a place; started at first use. */
  agent(place: Place): Agent {
    const known = this.#agents.get(place.name);
    if (known !== undefined) return known;
    const agent = startAgent(place.namespace, join(this.directory, `${place.name}-agent.log`));
    this.#agents.set(place.name, agent);
    return agent;
  }

  async startServer(who: Implementation, options: StartOptions = {}): Promise<Program> {
    const [primary = '', secondary = ''] = this.server.ipv4;
    const program = this.#startDaemon(this.server, who, 'server', { ServerBindAddress: primary }, options);
    await waitFor(
      'the Teredo server',
      () => {
        const bound = [primary, secondary].every((address) => isUdpBound(program.pid, address, SERVER_PORT));
        return bound || undefined;
      },
      { timeout: options.timeout ?? READY_TIMEOUT, abort: () => endedReason(program) },
    );
    return program;
  }

  async startRelay(who: Implementation, options: StartOptions = {}): Promise<Program> {
    const place = options.at ?? this.relay;
    const directives = {
      RelayType: 'relay',
      InterfaceName: INTERFACE,
      BindAddress: place.ipv4[0] ?? '',
      BindPort: String(RELAY_PORT),
    };
    const program = this.#startDaemon(place, who, 'tunnel', directives, options);
    await waitFor('the relay', () => hasTeredoRoute(program.pid, INTERFACE) || undefined, {
      timeout: options.timeout ?? READY_TIMEOUT,
      abort: () => endedReason(program),
    });
    return program;
  }

  /** Starts a client without waiting for anything. */
  launchClient(index: number, who: Implementation, options: StartOptions = {}): Program {
    const directives = {
      RelayType: 'client',
      InterfaceName: INTERFACE,
      ServerAddress: this.server.ipv4[0] ?? '',
    };
    return this.#startDaemon(this.client(index), who, 'tunnel', directives, options);
  }

  /** Starts a client and waits until its address and default route are there. */
  async startClient(index: number, who: Implementation, options: StartOptions = {}): Promise<RunningClient> {
    const program = this.launchClient(index, who, options);
    const address = await this.waitForAddress(program, options.timeout);
    return { program, address, qualifiedAfter: performance.now() - program.startedAt };
  }

  /** Waits until a client is qualified: its interface has a Teredo address and the default route. */
  waitForAddress(client: Program, timeout = READY_TIMEOUT): Promise<string> {
    return waitFor(
      `the Teredo address of ${client.name}`,
      () => {
        const address = globalAddresses(client.pid, INTERFACE).find((candidate) => candidate.startsWith('2001:0:'));
        return hasDefaultRoute(client.pid, INTERFACE) ? address : undefined;
      },
      { timeout, abort: () => endedReason(client) },
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${client.log()}`, { cause: error });
    });
  }

  /** What every program has written so far, for a failed test's report. */
  logs(): string {
    const files = readdirSync(this.directory).filter((file) => file.endsWith('.log'));
    const texts = files.map((file) => ({ file, text: readFileSync(join(this.directory, file), 'utf8') }));
    return texts
      .filter(({ text }) => text !== '')
      .map(({ file, text }) => `--- ${file}\n${text}`)
      .join('\n');
  }

  /** Stops every program as a user would, then removes everything. */
  async dispose(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
    this.removeNow();
  }

  /** Removes everything at once, without leave. For the end of the process. */
  removeNow(): void {
    live.delete(this);
    for (const agent of this.#agents.values()) agent.stop();
    const namespaces = namespacesOf(this.topology);
    killEverythingIn(namespaces);
    deleteNamespaces(namespaces);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #startDaemon(
    place: Place,
    who: Implementation,
    kind: ProgramKind,
    directives: Readonly<Record<string, string>>,
    options: StartOptions,
  ): Program {
    const base = join(this.directory, `${place.name}-${this.#programs.length}`);
    writeFileSync(`${base}.conf`, configText({ ...directives, ...options.config }));
    const argv = commandLine(who, kind, `${base}.conf`, `${base}.pid`);
    return this.spawn(place, options.names === true ? this.#withNames(argv) : argv, options.env);
  }

  /** The same command line in a mount namespace where /etc/hosts is the lab's. The shell becomes the program. */
  #withNames(argv: readonly string[]): string[] {
    const hosts = join(this.directory, 'hosts');
    writeFileSync(hosts, `127.0.0.1 localhost\n${this.server.ipv4[0]} ${SERVER_NAME}\n`);
    return ['unshare', '--mount', '--', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, ...argv];
  }
}
