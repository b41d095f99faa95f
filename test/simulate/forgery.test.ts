import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emitBubble } from '../../daemon/wire/bubble.js';
import { concatenate, emitAuthentication, emitOrigin } from '../../daemon/wire/encapsulation.js';
import { emitEchoReply } from '../../daemon/wire/icmpv6.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { emitRouterAdvertisement } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal, serverLinkLocal, TEREDO_PORT, TEREDO_PREFIX } from '../../daemon/wire/teredo-address.js';
import type { Attacker } from './attacker.js';
import { emitData } from './flow.js';
import { HOME_LINE } from './link.js';
import type { ServerNode } from './server-node.js';
import { addressOf, assertWhole, besiege, FORGED_FLOW, mappedOf, parseAddress, repeat, stream } from './siege.js';
import { withSeeds } from './simulation.js';

/** An advertisement that is right in everything but what only the server and the client know: the nonce. */
function forgeAdvertisement(attacker: Attacker, server: ServerNode, claimed: Endpoint): Uint8Array {
  const { random } = attacker;
  const packet = emitRouterAdvertisement({
    source: serverLinkLocal(server.servers.primary),
    destination: emitLinkLocal(0, 0 as Endpoint['address'], 0 as Endpoint['port']),
    prefix: TEREDO_PREFIX,
    server: server.servers.primary,
    mtu: 9000,
  });
  const nothing = new Uint8Array(0);
  const nonce = random.bytes(8);
  const authentication = emitAuthentication({ clientId: nothing, value: nothing, nonce, confirmation: 0 });
  const origin = emitOrigin(claimed);
  return random.chance(0.2) ? concatenate(origin, packet) : concatenate(authentication, origin, packet);
}

const SEEDS = [51, 52, 53];

describe('simulated forgeries', () => {
  it(
    'C-SEC-4: forged advertisements, from the server by their source, neither qualify nor move a client',
    withSeeds(SEEDS, (simulation) => {
      const server = simulation.addServer();
      const nat = simulation.addNat('full-cone');
      const attacker = simulation.addAttacker();
      const victim = simulation.addClient({ server, nat });
      const { primary, secondary } = server.servers;
      const target = (): Endpoint | undefined => nat.externalOf(victim.local, { address: primary, port: TEREDO_PORT });
      repeat(simulation, 20, 100, () => {
        const to = target();
        if (to === undefined) return;
        for (const forgedSource of [primary, secondary, attacker.endpoint.address]) {
          const forged = forgeAdvertisement(attacker, server, attacker.randomEndpoint());
          attacker.send(to, forged, { address: forgedSource, port: TEREDO_PORT });
        }
      });
      server.isOn = false;
      victim.start();
      simulation.run(20);
      assert.deepEqual(victim.addresses, []);
      server.isOn = true;
      simulation.run(80);
      assert.equal(victim.addresses.length, 1);
      assert.deepEqual(victim.qualified?.mapped, target());
      assert.equal(victim.qualified?.mtu, 1280);
    }),
  );

  it(
    'C-RECV-6 D-9 R-14: forged data from every source but the right one is never handed up',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, host, relay, server, flows, attacker } = besiege(simulation);
      stream(simulation, flows, 1, 60);
      const own = addressOf(victim);
      const spoofable = [
        addressOf(peer),
        host.address,
        own,
        parseAddress('2001:db8:3::dead'),
        parseAddress('fe80::1'),
        parseAddress('ff02::1'),
        parseAddress('::1'),
        parseAddress('::'),
        parseAddress('fc00::1'),
        serverLinkLocal(server.servers.primary),
      ];
      const outer = (): Endpoint[] => [
        attacker.endpoint,
        attacker.randomEndpoint(),
        { address: server.servers.primary, port: TEREDO_PORT },
        { address: server.servers.secondary, port: TEREDO_PORT },
        { ...mappedOf(peer), port: (mappedOf(peer).port ^ 1) as Endpoint['port'] },
      ];
      repeat(simulation, 100, 60, () => {
        for (const source of spoofable) {
          for (const from of outer()) {
            const packet = emitData(source, own, FORGED_FLOW, 0);
            attacker.send(mappedOf(victim), packet, from);
            attacker.send(mappedOf(victim), concatenate(emitOrigin(attacker.endpoint), packet), from);
          }
          // Through the relay, as if from the client; and to the relay for another client.
          attacker.send(relay.local, emitData(source, host.address, FORGED_FLOW, 0));
          attacker.send(relay.local, emitData(own, host.address, FORGED_FLOW, 0), attacker.randomEndpoint());
        }
      });
      simulation.run(62);
      assertWhole(flows);
      assert.equal(victim.addresses.length, 1);
      assert.ok(victim.core.counters.drops.spoofed > 1000);
      assert.ok(relay.core.counters.drops.spoofed > 1000);
    }),
  );

  it(
    'D-9: echo replies without the nonce move no peer to another relay',
    withSeeds(SEEDS, (simulation) => {
      const { victim, host, flows, attacker } = besiege(simulation);
      stream(simulation, flows, 0.5, 200);
      const identity = new Uint8Array(4);
      repeat(simulation, 20, 100, () => {
        const reply = emitEchoReply(host.address, addressOf(victim), identity, attacker.random.bytes(8));
        attacker.send(mappedOf(victim), reply);
      });
      simulation.run(102);
      assertWhole(flows);
      assert.equal(attacker.received.length, 0, 'nothing that was meant for the host');
    }),
  );

  it(
    'C-SEC-8 C-SEC-9: on a line that damages packets, a secured client never takes a wrong address',
    withSeeds(SEEDS, (simulation) => {
      const clientId = Uint8Array.of(1, 2, 3);
      const secret = new Uint8Array(20).fill(7);
      const key = { secret, algorithm: 'sha1', valid: true } as const;
      const server = simulation.addServer({ authentication: { required: true, find: () => key } });
      const line = { ...HOME_LINE, corruption: 0.3 };
      const credentials = { clientId, secret, algorithm: 'sha1' } as const;
      const client = simulation.addClient({
        server,
        nat: simulation.addNat('port-restricted'),
        line,
        configuration: { credentials },
      });
      const peer = simulation.addQualifiedClient({ server, configuration: { credentials } });
      const flow = simulation.openFlow(peer, client);
      client.start();
      simulation.until(() => client.qualified !== undefined, 900, 'qualified');
      simulation.stream(flow, 1, 600);
      simulation.run(602);
      const mapped = new Set<string>();
      for (const { state } of client.states) if (state.name === 'qualified') mapped.add(JSON.stringify(state.mapped));
      assert.equal(mapped.size, 1);
      assert.ok(client.stack.damaged > 0 && flow.arrived > 0);
    }),
  );

  it(
    'S-6: nobody makes a client send bubbles to a peer that did not ask for them',
    withSeeds(SEEDS, (simulation) => {
      const { victim, peer, server, attacker } = besiege(simulation);
      const heard = peer.core.counters.datagramsIn;
      repeat(simulation, 1000, 20, () => {
        const bubble = emitBubble(addressOf(peer), addressOf(victim));
        attacker.send({ address: server.servers.primary, port: TEREDO_PORT }, bubble);
      });
      simulation.run(21);
      assert.equal(peer.core.counters.datagramsIn, heard);
      assert.equal(server.core.counters.drops.spoofed, 20);
    }),
  );
});
