import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoRequest } from '../../daemon/wire/icmpv6.js';
import { ALL_NODES } from '../../daemon/wire/ipv6.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { TEREDO_PORT } from '../../daemon/wire/teredo-address.js';
import { addressOf, assertWhole, besiege, mappedOf, parseAddress, repeat, stream } from './siege.js';
import { withSeeds } from './simulation.js';

const SEEDS = [51, 52, 53];

describe('simulated filters', () => {
  it(
    'F-1: a client cannot be made to send to addresses that are not global, whatever names them',
    withSeeds(SEEDS, (simulation) => {
      const { victim, relay, host, server, flows, attacker } = besiege(simulation);
      const mine = simulation.addQualifiedClient({ server });
      const texts = ['2001:0:a00:1::f227:80ff:fffe', '2001:0:7f00:1::f227:80ff:fffe', '2001:0:901:101:0:0:f5ff:fffe'];
      const honest = attacker.addressAt(attacker.endpoint, server.servers.primary);
      const solicitation = emitRouterSolicitation(parseAddress('fe80::1'));
      const bad = [0x0a000001, 0x7f000001, 0xc0a80001, 0xe00000fd, 0xffffffff, 0xf0000001, 0xa9fe0001, 0xc0586301];
      const targets = [
        ...texts.map(parseAddress),
        ...bad.map((mapped) =>
          attacker.addressAt({ address: mapped as never, port: 99 as never }, 0x09000101 as never),
        ),
        ...bad.map((mapped) =>
          attacker.addressAt({ address: mapped as never, port: 99 as never }, server.servers.primary),
        ),
        ...bad.map((named) => attacker.addressAt(attacker.randomEndpoint(), named as never)),
      ];
      repeat(simulation, 100, 10, () => {
        for (const target of targets) {
          victim.stack.ping(target);
          host.stack.ping(target);
          // Bubbles that want an answer, through the victim's server and as if through it.
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(target, addressOf(victim)));
          const bubble = concatenate(emitOrigin(attacker.endpoint), emitBubble(target, addressOf(victim)));
          attacker.send(mappedOf(victim), bubble, { address: server.servers.primary, port: TEREDO_PORT });
          attacker.send(relay.local, emitBubble(target, relay.bubbleSource));
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, emitBubble(honest, target));
        }
        for (const named of bad) {
          const origin = emitOrigin({ address: named as never, port: 5 as never });
          const bubble = concatenate(origin, emitBubble(parseAddress('fe80::1'), addressOf(victim)));
          attacker.send(mappedOf(victim), bubble, { address: server.servers.primary, port: TEREDO_PORT });
          attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, solicitation, {
            address: named as never,
            port: 5 as never,
          });
        }
      });
      stream(simulation, flows, 1, 10);
      simulation.run(12);
      assertWhole(flows);
      assert.equal(mine.addresses.length, 1);
    }),
  );

  it(
    'R-16: a client whose address is right cannot send through a relay to where it does not lead',
    withSeeds(SEEDS, (simulation) => {
      const { victim, relay, server, attacker } = besiege(simulation);
      const honest = attacker.addressAt(attacker.endpoint, server.servers.primary);
      const unserved = ['ff02::1', 'ff0e::1', 'fe80::1', '::1', '::', 'fc00::1', '2001:0:1::1'].map(parseAddress);
      for (const destination of [...unserved, addressOf(victim)]) {
        attacker.send(relay.local, emitEchoRequest(honest, destination, new Uint8Array(8)));
      }
      simulation.run(5);
      assert.equal(relay.core.counters.drops['not-for-us'], unserved.length + 1);
    }),
  );

  it(
    'C-SEND-17: nothing for groups or links leaves through the tunnel',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, host } = besiege(simulation);
      const before = victim.core.counters.packetsOut;
      const heard = peer.core.counters.datagramsIn;
      for (const text of ['ff02::2', 'ff0e::1', 'fe80::1', '::1', 'fc00::1', '::'])
        victim.stack.ping(parseAddress(text));
      victim.stack.ping(ALL_NODES);
      victim.stack.ping(addressOf(victim));
      const foreign = emitEchoRequest(host.address, addressOf(peer), new Uint8Array(8));
      victim.stack.transmit(foreign);
      simulation.run(20);
      assert.equal(victim.core.counters.packetsOut, before);
      assert.equal(victim.core.counters.drops['bad-destination'], 8);
      assert.equal(victim.core.counters.drops['bad-source'], 1);
      assert.equal(peer.core.counters.datagramsIn - heard, 0, 'not even a bubble for it');
    }),
  );
});
