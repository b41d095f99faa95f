/** What the bus may know of the tunnel and do to it: the daemon's side of the interface. */
import type { Policy } from '../../config/network-conf.js';
import type { Reachability } from '../../protocol/internet-test.js';
import type { TunnelState } from '../../protocol/tunnel-state.js';
import type { Confinement } from '../../tunnel/messages.js';
import type { ClientFacts, ClientStatistics } from '../client-service.js';
import type { NatFiltering } from '../diagnose/nat-facts.js';
import type { Holds } from '../holds.js';
import type { Log } from '../log.js';
import type { ProbeOptions } from '../probe/server-probe.js';
import type { TunnelServers } from '../servers/tunnel-servers.js';

export interface TunnelControl {
  readonly log: Log;
  readonly version: string;
  readonly servers: TunnelServers;
  /** What keeps a tunnel waiting that is wanted. */
  readonly holds: Holds;
  /** In force on the network as it is. */
  readonly networkPolicy: Policy;
  /** Somebody who knows the network says that it has changed; resolves when that has been looked at. */
  lookAgain(): Promise<void>;
  /** As whom the network's answers are read. */
  readonly user: Confinement;
  readonly state: TunnelState;
  /** undefined while the tunnel is being mended. */
  readonly facts: ClientFacts | undefined;
  /** undefined when the engine does not answer. */
  statistics(): Promise<ClientStatistics | undefined>;
  /** Has begun when it returns; resolves when that is remembered. */
  start(): Promise<void>;
  /** Resolves when address and routes are gone. */
  stop(): Promise<void>;
  /** Resolves when the interface is as the state says. */
  linkSettled(): Promise<void>;
  /** Whether the IPv6 Internet answers, tested anew; 'unknown' when not qualified. */
  testReachability(): Promise<Reachability>;
  /** What a diagnosis has learnt of the NAT. */
  learnt(filtering: NatFiltering): void;
  /** false when the tunnel is stopped. */
  restart(): boolean;
}

/** Servers are asked as the tunnel asks them: as nobody in particular, and by the same way. */
export function probeOptions({ user, log, facts }: TunnelControl): ProbeOptions {
  const way = facts === undefined ? {} : { bindAddress: facts.bindAddress, tunnel: facts.interfaceName };
  return { user, log, ...way };
}
