/** Somebody who can send any bytes from any IPv4 source, but sees only what is sent to its own address. */
import { type Endpoint, ipv4, port } from '../../daemon/wire/ipv4.js';
import type { Ipv6Address } from '../../daemon/wire/ipv6.js';
import { emitTeredoAddress, randomFlags, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import type { SeededRandom } from '../support/seeded-random.js';
import type { World } from './core-node.js';
import { DATA_CENTRE_LINE } from './link.js';
import type { Datagram, Ipv4Interface, Ipv4Network } from './network.js';

export class Attacker {
  readonly endpoint: Endpoint;
  readonly random: SeededRandom;
  readonly received: Datagram[] = [];
  /** Where its datagrams really come from. */
  readonly line: Ipv4Interface;

  constructor(world: World, network: Ipv4Network, endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.random = world.random.fork();
    this.line = network.attach(endpoint.address, (datagram) => this.received.push(datagram), DATA_CENTRE_LINE);
  }

  send(destination: Endpoint, bytes: Uint8Array, source: Endpoint = this.endpoint): void {
    this.line.send(source, destination, bytes);
  }

  /** A global unicast endpoint that is nobody's. */
  randomEndpoint(): Endpoint {
    return { address: ipv4(0x14000000 + this.random.integer(1, 0xffffff)), port: port(this.random.integer(1, 65535)) };
  }

  /** The Teredo address that a client with this mapping would have of `server`. */
  addressAt(mapped: Endpoint, server: Endpoint['address']): Ipv6Address {
    return emitTeredoAddress({
      prefix: TEREDO_PREFIX,
      server,
      flags: randomFlags(this.random.word()),
      mappedAddress: mapped.address,
      mappedPort: mapped.port,
    });
  }
}
