/** The daemon as a program sees it over one connection to the bus: miredoctl's and the tray's way to it. */
import { type BusConnection, type Call, openBus, type Reply } from './connection.js';
import { done, fault, faultOfError, type Outcome } from './fault.js';
import { ALLOW_INTERACTIVE_AUTHORIZATION, type Incoming } from './message.js';
import { BUS_NAME, INTERFACE, METHODS, type Methods, OBJECT_PATH, SIGNALS, type Signals } from './org-miredo.js';
import { type Probe, probeOf, type RawStep, type Step, stepOf } from './reports.js';
import { type RawProperties, type Snapshot, snapshotOf } from './snapshot.js';

const BUS = 'org.freedesktop.DBus';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
/** Flag of a message: the daemon is not to be started for this. */
const NO_AUTO_START = 2;

/** A password may have to be typed before a method answers: the daemon waits five minutes for it. Milliseconds. */
const PASSWORD_LIMIT = 6 * 60_000;

export type DaemonSignal = {
  readonly [K in keyof Signals]: { readonly name: K; readonly body: Signals[K] };
}[keyof Signals];

export interface Listener {
  /** First when following begins, then whenever a property has changed; undefined while there is no daemon. */
  readonly snapshot: (snapshot: Snapshot | undefined) => void;
  readonly signal?: (signal: DaemonSignal) => void;
}

/** What AddServer takes beside the name. */
export interface ServerDetails {
  readonly primary?: string | undefined;
  readonly secondary?: string | undefined;
  readonly comment?: string | undefined;
}

const RULES = [
  `type='signal',sender='${BUS_NAME}',path='${OBJECT_PATH}'`,
  `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${BUS_NAME}'`,
];

/** The values of an answer. */
type Answer = Promise<Outcome<readonly unknown[]>>;

export class Client {
  /** Settles when the bus has hung up, or {@link close} was called. */
  readonly ended: Promise<void>;
  readonly #connection: BusConnection;
  readonly #stage: Stage;
  /** Flags of calls that change something. */
  readonly #flags: number;

  private constructor(connection: BusConnection, stage: Stage, isInteractive: boolean) {
    this.#connection = connection;
    this.#stage = stage;
    this.#flags = isInteractive ? ALLOW_INTERACTIVE_AUTHORIZATION : 0;
    this.ended = stage.ended;
  }

  /** Over $DBUS_SYSTEM_BUS_ADDRESS, or the usual socket. `isInteractive`: somebody may be asked for a password. */
  static async open({ isInteractive = true } = {}): Promise<Outcome<Client>> {
    const stage = new Stage();
    const opened = await openBus({ signalled: (message) => stage.took(message), closed: () => stage.end() });
    if (!opened.ok) return fault('no-bus', `The system bus cannot be reached: ${opened.sentence}`);
    return done(new Client(opened.connection, stage, isInteractive));
  }

  close(): void {
    this.#connection.close();
  }

  async read(): Promise<Outcome<Snapshot>> {
    const raw = await new Promise<Outcome<RawProperties>>((answered) => this.#readAll(answered));
    return raw.ok ? done(snapshotOf(raw.value)) : raw;
  }

  /** Returns when the start has begun; what comes of it is in the state. `server`: for this run only, or for good when no other is known. */
  start({ server }: { readonly server?: string | undefined } = {}): Answer {
    return this.#change('Start', [server === undefined ? {} : { server: { signature: 's', value: server } }]);
  }

  /** Returns when address and routes are gone. */
  stop(): Answer {
    return this.#change('Stop', []);
  }

  restart(): Answer {
    return this.#change('Restart', []);
  }

  /** `auto`, a name in the list, a host name or an IPv4 address. */
  setServer(server: string): Answer {
    return this.#change('SetServer', [server]);
  }

  addServer(name: string, details: ServerDetails = {}): Answer {
    const entries = Object.entries(details).filter(([, value]) => value !== undefined);
    const options = Object.fromEntries(entries.map(([key, value]) => [key, { signature: 's', value }]));
    return this.#change('AddServer', [name, options]);
  }

  removeServer(name: string): Answer {
    return this.#change('RemoveServer', [name]);
  }

  /** All of the list when `names` is empty. `heard` is told of each as it comes in. */
  async probeServers(names: readonly string[], heard?: (probe: Probe) => void): Promise<Outcome<readonly Probe[]>> {
    const stop = this.#stage.listen((message) => {
      const values = progressOf(message, 'ProbeProgress');
      if (values !== undefined) heard?.(probeOf(String(values[0]), values[1] as RawProperties));
    });
    const answer = await this.#change('ProbeServers', [names]);
    stop();
    if (!answer.ok) return answer;
    const results = answer.value[0] as readonly (readonly [string, RawProperties])[];
    return done(results.map(([name, result]) => probeOf(name, result)));
  }

  /** `heard` is told of each step as it begins (verdict `running`) and as it ends. */
  async diagnose(heard?: (step: Step) => void): Promise<Outcome<readonly Step[]>> {
    const stop = this.#stage.listen((message) => {
      const values = progressOf(message, 'DiagnoseProgress');
      if (values !== undefined) heard?.(stepOf(values as RawStep));
    });
    const answer = await this.#change('Diagnose', []);
    stop();
    if (!answer.ok) return answer;
    return done((answer.value[0] as readonly RawStep[]).map(stepOf));
  }

  /** Whether the bus starts the daemon when somebody calls it. */
  async isActivatable(): Promise<boolean> {
    const call = { destination: BUS, path: '/org/freedesktop/DBus', interface: BUS, member: 'ListActivatableNames' };
    const names = await this.#call(call);
    return names.ok && (names.value[0] as readonly string[]).includes(BUS_NAME);
  }

  /** Tells `listener` of the daemon until the connection ends. To be called once. */
  async follow(listener: Listener): Promise<Outcome<void>> {
    const follower = new Follower(
      (answered) => this.#readAll(answered),
      listener,
      () => this.close(),
    );
    this.#stage.take = (message) => follower.take(message);
    // They go away with the connection.
    for (const rule of RULES) {
      const added = await this.#callBus('AddMatch', rule);
      if (!added.ok) return added;
    }
    const owner = await this.#callBus('GetNameOwner', BUS_NAME);
    if (!owner.ok && owner.fault.code !== 'no-daemon') return owner;
    return follower.begin(owner.ok ? String(owner.value[0]) : '');
  }

  #readAll(answered: (raw: Outcome<RawProperties>) => void): void {
    const call = { interface: PROPERTIES, member: 'GetAll', signature: 's', values: [INTERFACE], flags: NO_AUTO_START };
    this.#connection.ask({ destination: BUS_NAME, path: OBJECT_PATH, ...call }, (reply) => {
      const answer = outcomeOf(reply);
      answered(answer.ok ? done(answer.value[0] as RawProperties) : answer);
    });
  }

  #change<K extends keyof Methods>(member: K, values: Methods[K]['input']): Answer {
    return this.#call({
      destination: BUS_NAME,
      path: OBJECT_PATH,
      interface: INTERFACE,
      member,
      signature: METHODS[member].input,
      values,
      flags: this.#flags,
      timeout: PASSWORD_LIMIT,
    });
  }

  #callBus(member: string, text: string): Answer {
    const path = '/org/freedesktop/DBus';
    return this.#call({ destination: BUS, path, interface: BUS, member, signature: 's', values: [text] });
  }

  async #call(call: Call): Answer {
    return outcomeOf(await this.#connection.call(call));
  }
}

const outcomeOf = (reply: Reply): Outcome<readonly unknown[]> =>
  reply.ok ? done(reply.values) : faultOfError(reply.name, reply.text);

/** Values of a signal that the daemon sent to this caller alone. Who sends such lies harms only the one who reads them. */
function progressOf(message: Incoming, name: 'ProbeProgress' | 'DiagnoseProgress'): readonly unknown[] | undefined {
  const { path, interface: owner, member, signature } = message;
  if (path !== OBJECT_PATH || owner !== INTERFACE || member !== name || signature !== SIGNALS[name]) return undefined;
  return message.values();
}

/** What a connection tells, from its first moment on. */
class Stage {
  readonly ended: Promise<void>;
  end: () => void = () => undefined;
  take: ((message: Incoming) => void) | undefined;
  /** BOUNDED: one for each call that is under way. */
  readonly #ears = new Set<(message: Incoming) => void>();

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  took(message: Incoming): void {
    this.take?.(message);
    for (const ear of this.#ears) ear(message);
  }

  listen(ear: (message: Incoming) => void): () => void {
    this.#ears.add(ear);
    return () => this.#ears.delete(ear);
  }
}

type ReadAll = (answered: (raw: Outcome<RawProperties>) => void) => void;

/** Keeps what the daemon's signals change. */
class Follower {
  /** Tells the answer in its place among the signals. */
  readonly #readAll: ReadAll;
  readonly #listener: Listener;
  /** Called when the daemon does not say what it has: who follows it begins anew. */
  readonly #giveUp: () => void;
  /** The daemon's unique name, empty when there is none. */
  #owner: string | undefined;
  #properties: RawProperties | undefined;

  constructor(readAll: ReadAll, listener: Listener, giveUp: () => void) {
    this.#readAll = readAll;
    this.#listener = listener;
    this.#giveUp = giveUp;
  }

  /** `owner`: who has the daemon's name, as far as no signal has told already. */
  async begin(owner: string): Promise<Outcome<void>> {
    return this.#owner === undefined ? this.#adopt(owner) : done(undefined);
  }

  take(message: Incoming): void {
    const { sender, path, interface: name, member = '' } = message;
    if (sender === BUS && member === 'NameOwnerChanged') {
      this.#takeOwner(message.values());
      return;
    }
    // The bus delivers what anybody addresses to us; only the name's owner is believed.
    if (!this.#owner || sender !== this.#owner || path !== OBJECT_PATH) return;
    if (name === PROPERTIES && member === 'PropertiesChanged') this.#merge(message);
    else if (name === INTERFACE) this.#pass(member, message);
  }

  #takeOwner(values: readonly unknown[] | undefined): void {
    if (values?.[0] === BUS_NAME) void this.#adoptOrGiveUp(String(values[2]));
  }

  #pass(member: string, message: Incoming): void {
    if (!Object.hasOwn(SIGNALS, member) || message.signature !== SIGNALS[member as keyof Signals]) return;
    const body = message.values();
    if (body !== undefined) this.#listener.signal?.({ name: member, body } as unknown as DaemonSignal);
  }

  async #adoptOrGiveUp(owner: string): Promise<void> {
    const adopted = await this.#adopt(owner);
    if (!adopted.ok) this.#giveUp();
  }

  #adopt(owner: string): Promise<Outcome<void>> {
    this.#owner = owner;
    this.#properties = undefined;
    return new Promise((adopted) => {
      if (owner !== '') this.#readAll((raw) => adopted(this.#takeAll(owner, raw)));
      else {
        this.#listener.snapshot(undefined);
        adopted(done(undefined));
      }
    });
  }

  #takeAll(owner: string, raw: Outcome<RawProperties>): Outcome<void> {
    // Another owner has come in the meantime, and has been asked.
    if (this.#owner !== owner) return done(undefined);
    if (!raw.ok) return raw;
    this.#properties = raw.value;
    this.#listener.snapshot(snapshotOf(raw.value));
    return done(undefined);
  }

  #merge(message: Incoming): void {
    // Older than the answer that is on its way.
    if (this.#properties === undefined || message.signature !== 'sa{sv}as') return;
    const values = message.values();
    if (values?.[0] !== INTERFACE) return;
    const [, changed, invalidated] = values as [string, RawProperties, readonly string[]];
    if (invalidated.length > 0) {
      void this.#adoptOrGiveUp(this.#owner ?? '');
      return;
    }
    this.#properties = { ...this.#properties, ...changed };
    this.#listener.snapshot(snapshotOf(this.#properties));
  }
}
