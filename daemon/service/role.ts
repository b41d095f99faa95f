/** What differs between the programs, so that one daemon can be any of them. */
import type { ServerEntry } from '../config/server-entry.js';
import type { SyslogFacility } from '../config/values.js';
import type { CapabilityName } from '../io/capabilities.js';
import type { Confinement } from '../tunnel/messages.js';
import type { TunnelControl } from './bus/tunnel-control.js';
import type { Follower } from './client-desk.js';
import type { ClientService } from './client-service.js';
import type { NetworkKeeper, NetworkScene } from './network/network-keeper.js';
import type { ServersEvents, TunnelServers } from './servers/tunnel-servers.js';
import type { Service, ServiceHost, Started, StartFailure } from './service.js';

/** What every program's settings hold. */
export interface AnySettings {
  readonly syslogFacility: SyslogFacility;
}

export interface Role<Settings> {
  /** Reads the configuration; undefined when it cannot be used (every fault was logged). */
  load(): Settings | undefined;
  /** In a word, for the log: client, relay or server. */
  describe(settings: Settings): string;
  start(settings: Settings, confinement: Confinement, host: ServiceHost): Started | StartFailure;
  /** Those beyond SUPERVISOR_CAPABILITIES without which it could not be started again. */
  capabilities(settings: Settings): readonly CapabilityName[];
  /** Goes on with new settings without giving up the tunnel, if that can be done. */
  adopt(service: Service, settings: Settings): boolean;
  /** Of a program that may be a client. */
  readonly client?: ClientRole<Settings>;
}

/** What of a client its users see and control on the message bus. */
export interface ClientRole<Settings> {
  /** undefined when it is not a client. */
  service(service: Service): ClientService | undefined;
  /** Whether these settings make a client. */
  isMadeBy(settings: Settings): boolean;
  /** The server that the settings name. */
  serverOf(settings: Settings): ServerEntry | undefined;
  openServers(settings: Settings, confinement: Confinement, events: ServersEvents): TunnelServers;
  /** undefined when there is to be a tunnel on every network. */
  openNetwork(scene: NetworkScene): NetworkKeeper | undefined;
  /** Who is told of each change; `confinement`: as whom to run what needs no privilege. */
  follow(control: TunnelControl, confinement: Confinement): readonly Follower[];
}
