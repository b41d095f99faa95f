/** The object /org/miredo: the tunnel's properties, its signals and its methods. */
import type { BusConnection, ErrorReply } from '../../../dbus/connection.js';
import type { Incoming } from '../../../dbus/message.js';
import { INTERFACE, type Methods, OBJECT_PATH, SIGNALS, type Signals, type Variant } from '../../../dbus/org-miredo.js';
import { AUTO } from '../../config/server-entry.js';
import type { Reason, TunnelState } from '../../protocol/tunnel-state.js';
import type { ClientStatistics } from '../client-service.js';
import { networkEvent } from '../log-messages.js';
import { type Action, type Caller, refusal } from './authority.js';
import { type Asker, Inquiries } from './inquiries.js';
import {
  type Counted,
  changedProperties,
  countedProperties,
  type Shown,
  shownProperties,
  variantsOf,
} from './properties.js';
import { type Allowed, addServer, nameServer, removeServer, setServer } from './server-methods.js';
import type { TunnelControl } from './tunnel-control.js';

type Outcome<Values> = { readonly ok: true; readonly values: Values } | ErrorReply;
type Handlers = {
  readonly [Name in keyof Methods]: (
    input: Methods[Name]['input'],
    allowed: Allowed,
    asker: Asker,
  ) => Promise<Outcome<Methods[Name]['output']>>;
};

const DONE = { ok: true, values: [] } as const;

const failed = ({ code, sentence }: Reason): ErrorReply => ({
  ok: false,
  name: 'org.miredo.Error.Failed',
  text: `${code}: ${sentence}`,
});

const invalid = (text: string): ErrorReply => ({ ok: false, name: 'org.freedesktop.DBus.Error.InvalidArgs', text });

interface StartOptions {
  readonly ok: true;
  readonly wait: boolean;
  readonly server: string | undefined;
}

const TYPES: { readonly [option: string]: string } = { wait: 'b', server: 's' };

function startOptions(options: { readonly [key: string]: Variant }): StartOptions | ErrorReply {
  for (const [name, { signature }] of Object.entries(options)) {
    if (!Object.hasOwn(TYPES, name)) return invalid(`There is no option "${name}".`);
    if (signature !== TYPES[name]) return invalid(`The option "${name}" has the type "${TYPES[name]}".`);
  }
  const server = options['server']?.value;
  if (server === AUTO) return invalid('The option "server" names one; for the best one call SetServer with "auto".');
  return { ok: true, wait: options['wait']?.value === true, server: typeof server === 'string' ? server : undefined };
}

/** Milliseconds for which the engine's last answer is good. */
const STATISTICS_AGE = 100;

const realtime = (): bigint => 1000n * BigInt(Date.now());

export class TunnelObject {
  readonly #control: TunnelControl;
  readonly #inquiries: Inquiries;
  #since = realtime();
  #shown: Shown;
  /** BOUNDED: each belongs to a call that is under way. */
  #waiting: ((state: TunnelState) => void)[] = [];
  #asked: Promise<ClientStatistics | undefined> | undefined;
  #askedAt = 0;
  readonly #handlers: Handlers = {
    Start: async ([options], allowed) => {
      const wanted = startOptions(options);
      if (!wanted.ok) return wanted;
      const { servers } = this.#control;
      const known = wanted.server === undefined ? undefined : servers.list.resolve(wanted.server);
      if (known?.ok === false) return known;
      const refused = await allowed('org.miredo.control');
      if (refused !== undefined) return refused;
      if (wanted.server !== undefined) {
        const named = await nameServer(servers, wanted.server, allowed);
        if (!named.ok) return named;
      }
      await this.#control.start();
      return wanted.wait ? this.#settled() : DONE;
    },
    Stop: async (_, allowed) => {
      const refused = await allowed('org.miredo.control');
      if (refused !== undefined) return refused;
      await this.#control.stop();
      return DONE;
    },
    Restart: async (_, allowed) => {
      const refused = await allowed('org.miredo.control');
      if (refused !== undefined) return refused;
      if (this.#control.restart()) return DONE;
      return { ok: false, name: 'org.miredo.Error.NotRunning', text: 'The tunnel is stopped; start it.' };
    },
    SetServer: ([server], allowed) => setServer(this.#control.servers, server, allowed),
    AddServer: ([name, options], allowed) => addServer(this.#control.servers, name, options, allowed),
    RemoveServer: ([name], allowed) => removeServer(this.#control.servers, name, allowed),
    ProbeServers: ([names], allowed, asker) => this.#inquiries.probe(names, allowed, asker),
    NetworkEvent: async ([action, device], allowed) => {
      const refused = await allowed('org.miredo.control');
      if (refused !== undefined) return refused;
      // What happens to our own interface we have done ourselves.
      if (device === '' || device !== this.#control.facts?.interfaceName) {
        this.#control.log(...networkEvent(action, device));
        await this.#control.lookAgain();
      }
      return DONE;
    },
    Diagnose: (_, allowed, asker) => this.#inquiries.diagnose(allowed, asker),
  };

  constructor(control: TunnelControl) {
    this.#control = control;
    this.#inquiries = new Inquiries(control);
    this.#shown = this.#look();
  }

  /** `values` have been read by the method's signature. */
  call(
    name: keyof Methods,
    values: readonly unknown[],
    caller: Caller,
    connection: BusConnection,
  ): Promise<Outcome<readonly unknown[]>> {
    const handler = this.#handlers[name] as (
      input: readonly unknown[],
      allowed: Allowed,
      asker: Asker,
    ) => Promise<Outcome<readonly unknown[]>>;
    const asker = { name: caller.name, connection };
    return handler(values, (action: Action) => refusal(connection, caller, action), asker);
  }

  signalled(message: Incoming): void {
    this.#inquiries.signalled(message);
  }

  /** There is nobody any more whom an answer could reach. */
  disconnected(): void {
    this.#inquiries.disconnected();
  }

  get shown(): Shown {
    return this.#shown;
  }

  /** What only the engine knows. */
  async counted(): Promise<Counted> {
    return countedProperties(await this.#statistics());
  }

  /** Tells everybody on the bus, if there is one. The properties come first: who hears of a state can read it. */
  stateChanged(state: TunnelState, connection: BusConnection | undefined): void {
    const before = this.#shown;
    const isNew = before.State !== state.name || before.StateReason[0] !== ('reason' in state ? state.reason.code : '');
    if (isNew) this.#since = realtime();
    this.#shown = this.#look();
    if (connection !== undefined) this.#tell(connection, before, isNew);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settle of waiting) settle(state);
  }

  serverChanged(server: string, previous: string, reason: Reason, connection: BusConnection): void {
    emit(connection, 'ServerChanged', [server, previous, [reason.code, reason.sentence]]);
  }

  #look(): Shown {
    return shownProperties(this.#control, this.#since);
  }

  #tell(connection: BusConnection, before: Shown, isNew: boolean): void {
    const after = this.#shown;
    const changed = changedProperties(before, after);
    if (Object.keys(changed).length > 0) {
      const values = [INTERFACE, variantsOf(changed), []];
      connection.signal(OBJECT_PATH, 'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', values);
    }
    if (isNew) emit(connection, 'StateChanged', [after.State, before.State, after.StateReason]);
    if (after.Address !== before.Address) emit(connection, 'AddressChanged', [after.Address, before.Address]);
    if (after.Address !== before.Address || 'Mapped' in changed || 'Nat' in changed) {
      emit(connection, 'QualificationChanged', [after.State === 'qualified', qualification(after)]);
    }
  }

  /**
   * However many ask, the engine is asked ten times a second at the most: it would be ended for the flood of its
   * answers (MESSAGES_PER_SECOND), and who only reads must not be able to do that.
   */
  #statistics(): Promise<ClientStatistics | undefined> {
    const time = performance.now();
    if (this.#asked === undefined || time - this.#askedAt >= STATISTICS_AGE) {
      this.#asked = this.#control.statistics();
      this.#askedAt = time;
    }
    return this.#asked;
  }

  /** When the tunnel is qualified, or is found not to come to that soon. */
  async #settled(): Promise<Outcome<readonly []>> {
    let { state } = this.#control;
    while (state.name === 'resolving' || state.name === 'qualifying') {
      state = await new Promise<TunnelState>((settle) => this.#waiting.push(settle));
    }
    return state.name === 'qualified' ? DONE : failed(state.reason);
  }
}

function emit<Name extends keyof Signals>(connection: BusConnection, name: Name, values: Signals[Name]): void {
  connection.signal(OBJECT_PATH, INTERFACE, name, SIGNALS[name], values);
}

function qualification({ State, Address, ServerAddress, Mapped, Nat }: Shown): { [key: string]: Variant } {
  if (State !== 'qualified') return {};
  return {
    address: { signature: 's', value: Address },
    server: { signature: 's', value: ServerAddress },
    mapped: { signature: '(sq)', value: Mapped },
    nat: { signature: 'a{sv}', value: Nat },
  };
}
