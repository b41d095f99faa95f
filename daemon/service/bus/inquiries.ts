/** ProbeServers and Diagnose: long questions, whose caller hears how they go on, and who may leave before the end. */
import type { BusConnection, ErrorReply } from '../../../dbus/connection.js';
import type { Incoming } from '../../../dbus/message.js';
import { INTERFACE, type Methods, OBJECT_PATH, SIGNALS, type Signals, type Variant } from '../../../dbus/org-miredo.js';
import { formatIpv4 } from '../../wire/ipv4.js';
import { diagnose } from '../diagnose/diagnosis.js';
import type { Step } from '../diagnose/steps.js';
import { type ProbeResult, probeServers } from '../probe/server-probe.js';
import type { Allowed } from './server-methods.js';
import { SharedRuns } from './shared-runs.js';
import { probeOptions, type TunnelControl } from './tunnel-control.js';

export interface Asker {
  /** Unique name on the bus. */
  readonly name: string;
  readonly connection: BusConnection;
}

type Outcome<Name extends keyof Methods> = { readonly ok: true; readonly values: Methods[Name]['output'] } | ErrorReply;

/** BOUNDED: one call waits for each of them, and calls are counted (call-limits.ts). */
type Waiting = Map<string, Set<AbortController>>;

const BUSY: ErrorReply = {
  ok: false,
  name: 'org.miredo.Error.Busy',
  text: 'Too many such questions are under way; ask again in a while.',
};
const GONE: ErrorReply = { ok: false, name: 'org.freedesktop.DBus.Error.AccessDenied', text: 'The caller is gone.' };

export class Inquiries {
  readonly #control: TunnelControl;
  readonly #probes = new SharedRuns<ProbeResult, readonly ProbeResult[]>();
  readonly #diagnoses = new SharedRuns<Step, readonly Step[]>();
  readonly #waiting: Waiting = new Map();

  constructor(control: TunnelControl) {
    this.#control = control;
  }

  async probe(names: readonly string[], allowed: Allowed, asker: Asker): Promise<Outcome<'ProbeServers'>> {
    const { list } = this.#control.servers;
    const before = list.targetsOf(names);
    if (!before.ok) return before;
    const refused = await allowed('org.miredo.diagnose');
    if (refused !== undefined) return refused;
    // The list may be another by now.
    const found = list.targetsOf(names);
    if (!found.ok) return found;
    const { targets } = found;
    return this.#attend(asker, async (signal) => {
      const key = JSON.stringify(targets);
      const heard = (result: ProbeResult): void => tell(asker, 'ProbeProgress', [result.name, probeDetails(result)]);
      const shared = await this.#probes.join(
        key,
        (say, until) => probeServers(targets, { ...probeOptions(this.#control), signal: until, heard: say }),
        { heard, signal },
      );
      if (!shared.ok) return shared.why === 'busy' ? BUSY : GONE;
      return { ok: true, values: [shared.result.map((result) => [result.name, probeDetails(result)])] };
    });
  }

  async diagnose(allowed: Allowed, asker: Asker): Promise<Outcome<'Diagnose'>> {
    const refused = await allowed('org.miredo.diagnose');
    if (refused !== undefined) return refused;
    return this.#attend(asker, async (signal) => {
      const heard = (step: Step): void => tell(asker, 'DiagnoseProgress', shownStep(step));
      const shared = await this.#diagnoses.join(
        'diagnosis',
        (say, until) => diagnose(this.#control, asker.connection, say, until),
        { heard, signal },
      );
      if (!shared.ok) return shared.why === 'busy' ? BUSY : GONE;
      return { ok: true, values: [shared.result.map(shownStep)] };
    });
  }

  /** A caller has left the bus. */
  signalled(message: Incoming): void {
    const { member, sender, path } = message;
    if (member !== 'NameOwnerChanged' || sender !== 'org.freedesktop.DBus' || path !== '/org/freedesktop/DBus') return;
    const [name, , owner] = message.values() ?? [];
    if (owner !== '' || typeof name !== 'string') return;
    for (const controller of this.#waiting.get(name) ?? []) controller.abort();
  }

  disconnected(): void {
    for (const controllers of this.#waiting.values()) for (const controller of controllers) controller.abort();
  }

  /** Runs `question` while the caller is there. */
  async #attend<Answer>(
    { name, connection }: Asker,
    question: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | ErrorReply> {
    const controller = new AbortController();
    const own = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, own.add(controller));
    const rule = `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${name}'`;
    try {
      // Rules are counted by the bus: each call takes its own away again.
      await connection.callBus('AddMatch', 's', [rule]);
      const isThere = await connection.callBus('NameHasOwner', 's', [name]);
      if (!isThere.ok || isThere.values[0] !== true) return GONE;
      return await question(controller.signal);
    } finally {
      own.delete(controller);
      if (own.size === 0) this.#waiting.delete(name);
      void connection.callBus('RemoveMatch', 's', [rule]);
    }
  }
}

function tell<Name extends 'ProbeProgress' | 'DiagnoseProgress'>(
  { name, connection }: Asker,
  signal: Name,
  values: Signals[Name],
): void {
  connection.signal(OBJECT_PATH, INTERFACE, signal, SIGNALS[signal], values, name);
}

const text = (value: string): Variant => ({ signature: 's', value });
const truth = (value: boolean): Variant => ({ signature: 'b', value });

function probeDetails(result: ProbeResult): { [key: string]: Variant } {
  const { reachable, roundTrip, secondary, address, fault } = result;
  return {
    reachable: truth(reachable),
    ...(roundTrip === undefined ? {} : { rtt: { signature: 't', value: BigInt(roundTrip) } }),
    secondary: truth(secondary),
    error: text(fault?.sentence ?? ''),
    ...(fault === undefined ? {} : { 'error-code': text(fault.code) }),
    ...(address === undefined ? {} : { address: text(formatIpv4(address)) }),
  };
}

const shownStep = ({ id, verdict, sentence, details }: Step): [string, string, string, { [key: string]: Variant }] => [
  id,
  verdict,
  sentence,
  details,
];
