/** What a diagnosis is made of: steps as data, each a question and its answer. */
import type { BusConnection } from '../../../dbus/connection.js';
import type { Variant } from '../../../dbus/org-miredo.js';
import type { Reachability } from '../../protocol/internet-test.js';
import type { TunnelState } from '../../protocol/tunnel-state.js';
import type { Confinement } from '../../tunnel/messages.js';
import type { ClientFacts } from '../client-service.js';
import type { Measurement, ProbeTarget } from '../probe/server-probe.js';
import type { NatFiltering } from './nat-facts.js';

export type StepId =
  | 'network'
  | 'dns'
  | 'udp'
  | 'server'
  | 'nat'
  | 'qualified'
  | 'relay'
  | 'preference'
  | 'network-manager'
  | 'mtu'
  | 'firewall';

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  readonly verdict: Verdict;
  /** What was found, for a person. */
  readonly sentence: string;
  /** What to do, when there is something. */
  readonly remedy?: string;
  /** A command line that does it. */
  readonly command?: string;
  /** More for programs. */
  readonly facts?: { readonly [name: string]: Variant };
}

/** What the steps may look at. */
export interface Scene {
  readonly state: TunnelState;
  readonly facts: ClientFacts | undefined;
  /** The server in use first, then the others of the list. */
  readonly targets: readonly ProbeTarget[];
  readonly bus: BusConnection;
  /** As whom the network's answers are read. */
  readonly user: Confinement;
  readonly signal: AbortSignal;
  /** The servers' answers; they are asked once, by the first step that wants to know. */
  measurement(): Promise<Measurement>;
  testReachability(): Promise<Reachability>;
  learnt(filtering: NatFiltering): void;
}

export interface Question {
  readonly id: StepId;
  /** In the present participle, for a person who waits. */
  readonly doing: string;
  ask(scene: Scene): Promise<Finding> | Finding;
}

/** As the bus tells it. */
export interface Step {
  readonly id: StepId;
  readonly verdict: Verdict | 'running';
  readonly sentence: string;
  readonly details: { [key: string]: Variant };
}

export const text = (value: string): Variant => ({ signature: 's', value });
export const truth = (value: boolean): Variant => ({ signature: 'b', value });
