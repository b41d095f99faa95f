/** What stands between a client's interface and the IPv6 Internet, and what the log says of it. */
import { formatPorts, type GuardedInterface, type OpenPorts } from '../../io/firewall-commands.js';
import type { NftFailure } from '../../io/nft.js';
import { restOf } from '../diagnose/firewall.js';
import { exposed, firewallFailed, firewallSet } from '../log-messages.js';
import type { ServiceHost } from '../service.js';
import { TunnelFirewall } from './tunnel-firewall.js';

export class Guard {
  readonly #name: string;
  readonly #host: ServiceHost;
  readonly #firewall: TunnelFirewall;
  #isExposureTold = false;
  #isClosed = false;

  /** `lost` is called when the rules went without our doing, and cannot be set again now. */
  constructor(tunnel: GuardedInterface, host: ServiceHost, lost: () => void) {
    this.#name = tunnel.name;
    this.#host = host;
    this.#firewall = new TunnelFirewall(tunnel, {
      set: (table, open) => {
        host.log(...firewallSet(tunnel.name, table, open.map(formatPorts)));
        host.refresh?.();
      },
      changed: () => host.refresh?.(),
      lost: (failure) => {
        this.#tell(failure);
        lost();
      },
    });
  }

  /** Where the rules are; undefined while there are none. */
  get table(): string | undefined {
    return this.#firewall.table;
  }

  refused(): Promise<number | undefined> {
    return this.#firewall.refused();
  }

  /** Whether it is as wanted, undefined being no rules. */
  async set(wanted: readonly OpenPorts[] | undefined): Promise<boolean> {
    const done = await this.#firewall.set(wanted);
    if (!done.ok) this.#tell(done);
    return done.ok;
  }

  /** Warns, once, when nothing refuses what comes in. */
  async tellExposure(): Promise<void> {
    if (this.#isExposureTold) return;
    this.#isExposureTold = true;
    const rest = await restOf(this.#name);
    if (!this.#isClosed && (rest === 'accepted' || rest === undefined)) this.#host.log(...exposed(this.#name));
  }

  /** To be called when the interface is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#firewall.set(undefined);
  }

  #tell({ sentence }: NftFailure): void {
    if (!this.#isClosed) this.#host.log(...firewallFailed(sentence));
  }
}
