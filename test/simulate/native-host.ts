/** A host with native IPv6: knows nothing of Teredo, its packets for 2001::/32 go where its routes lead. */
import { IPV6_DESTINATION, type Ipv6Address, ipv6EqualsAt } from '../../daemon/wire/ipv6.js';
import type { World } from './core-node.js';
import type { Flows } from './flow.js';
import type { Ipv6Interface, Ipv6Internet } from './ipv6-internet.js';
import { Ipv6Stack } from './ipv6-stack.js';
import type { LinkProfile } from './link.js';

export interface HostOptions {
  readonly name: string;
  readonly ipv6: Ipv6Internet;
  readonly address: Ipv6Address;
  readonly line: LinkProfile;
}

export class NativeHost {
  readonly address: Ipv6Address;
  readonly stack: Ipv6Stack;
  readonly line: Ipv6Interface;
  isOn = true;

  constructor(world: World, flows: Flows, options: HostOptions) {
    this.address = options.address;
    this.line = options.ipv6.attach(options.address, (packet) => this.#receive(packet), options.line);
    this.stack = new Ipv6Stack({
      name: options.name,
      clock: world.clock,
      violations: world.violations,
      flows,
      address: () => this.address,
      transmit: (packet) => this.#transmit(packet),
    });
  }

  /** The line may have damaged the destination; an honest router would not have brought it here. */
  #receive(packet: Uint8Array): void {
    if (this.isOn && ipv6EqualsAt(packet, IPV6_DESTINATION, this.address)) this.stack.receive(packet);
  }

  #transmit(packet: Uint8Array): void {
    if (this.isOn) this.line.send(packet);
  }
}
