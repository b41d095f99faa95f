/** The addresses of a server that is in use: those of its configuration, or what its names resolve to. */
import { nextAddress } from '../config/miredo-conf.js';
import type { ServerName } from '../config/values.js';
import { resolveIpv4 } from '../io/resolver.js';
import type { Servers } from '../protocol/qualification.js';
import type { Confinement } from '../tunnel/messages.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import type { Log } from './log.js';
import type { ServerTarget } from './servers/server-list.js';

/** Whether a server is named by a host name, so that it has to be resolved. */
export const hasNames = ({ primary, secondary }: ServerTarget): boolean =>
  [primary, secondary].some((name) => name !== undefined && name.address === undefined);

export class ServerAddresses {
  /** Names are resolved without privilege too: answers come from the network. */
  readonly #user: Confinement;
  readonly #log: Log;

  constructor(user: Confinement, log: Log) {
    this.#user = user;
    this.#log = log;
  }

  /** undefined when a name has no address, which the log tells, or when it is aborted. */
  async find({ primary, secondary }: ServerTarget, signal: AbortSignal): Promise<Servers | undefined> {
    const first = await this.#addressOf(primary, signal);
    if (first === undefined) return undefined;
    const second = secondary === undefined ? nextAddress(first) : await this.#addressOf(secondary, signal);
    return second === undefined ? undefined : { primary: first, secondary: second };
  }

  async #addressOf(name: ServerName, signal: AbortSignal): Promise<Ipv4Address | undefined> {
    if (name.address !== undefined) return name.address;
    const result = await resolveIpv4(name.text, { signal, user: this.#user });
    if (result.ok) return result.address;
    if (result.code !== 'aborted') this.#log('warning', result.sentence);
    return undefined;
  }
}
