/**
 * Proves that each NAT of the lab is what its name says, with plain UDP sockets: a client's socket behind it, and the
 * native host's two addresses in front of it. "Mapping" and "filtering" as in RFC 4787.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from './agent-handle.js';
import { labSkip } from './availability.js';
import { createLab, type Lab } from './lab.js';
import { NAT_TYPES, type NatType } from './nat.js';

/** Long enough for a datagram through three namespaces, short enough to wait for one that must not come. */
const PATIENCE = 200;

interface Expectation {
  /** The same outside port whatever the destination. */
  readonly independentMapping: boolean;
  /** Lets in a packet from an address that was never written to. */
  readonly fromStranger: boolean;
  /** Lets in a packet from an address that was written to, but at another port. */
  readonly fromOtherPort: boolean;
}

const expectations: { readonly [Type in NatType]: Expectation } = {
  'full-cone': { independentMapping: true, fromStranger: true, fromOtherPort: true },
  'address-restricted': { independentMapping: true, fromStranger: false, fromOtherPort: true },
  'port-restricted': { independentMapping: true, fromStranger: false, fromOtherPort: false },
  symmetric: { independentMapping: false, fromStranger: false, fromOtherPort: false },
};

describe('NATs of the lab', { skip: labSkip() }, () => {
  let lab: Lab;
  let host: Agent;
  let near = '';
  let far = '';

  before(async () => {
    lab = await createLab({ nats: NAT_TYPES });
    host = lab.agent(lab.host);
    [near = '', far = ''] = lab.host.ipv4;
    await host.ask('openSocket', { name: 'near', address: near, port: 5001 });
    await host.ask('openSocket', { name: 'near, other port', address: near, port: 5002 });
    await host.ask('openSocket', { name: 'far', address: far, port: 5001 });
  });
  after(() => lab.dispose());

  /** Whether a datagram from one of the host's sockets to the mapped port reaches the inside socket. */
  const gets = async (inside: Agent, from: string, outside: string, port: number): Promise<boolean> => {
    await host.ask('send', { socket: from, address: outside, port, text: from });
    const datagram = await inside.ask('receive', { socket: 'inside', timeout: PATIENCE });
    if (datagram !== null) assert.equal(datagram.text, from);
    return datagram !== null;
  };

  /** The outside port that one of the host's sockets sees. */
  const mappedPort = async (inside: Agent, outside: string, to: string): Promise<number> => {
    const target = { near: [near, 5001], 'near, other port': [near, 5002], far: [far, 5001] }[to] ?? [];
    const [address, port] = [String(target[0]), Number(target[1])];
    await inside.ask('send', { socket: 'inside', address, port, text: 'hello' });
    const datagram = await host.ask('receive', { socket: to, timeout: PATIENCE });
    assert.equal(datagram?.address, outside);
    return datagram?.port ?? 0;
  };

  NAT_TYPES.forEach((type, i) => {
    test(type, async () => {
      const expected = expectations[type];
      const inside = lab.agent(lab.client(i));
      const outside = lab.topology.nats[i]?.ipv4[0] ?? '';
      const local = await inside.ask('openSocket', { name: 'inside', port: 0 });

      const first = await mappedPort(inside, outside, 'near');
      assert.notEqual(first, local, 'the mapped port differs from the local one');
      assert.equal(await gets(inside, 'near', outside, first), true, 'an answer comes back');

      assert.equal(await gets(inside, 'far', outside, first), expected.fromStranger, 'filtering by address');
      const otherPort = await gets(inside, 'near, other port', outside, first);
      assert.equal(otherPort, expected.fromOtherPort, 'filtering by port');

      // These come after packets from outside, refused or not: those must not disturb the mapping.
      const second = await mappedPort(inside, outside, 'near, other port');
      assert.equal(second === first, expected.independentMapping, 'mapping for another port');
      const third = await mappedPort(inside, outside, 'far');
      assert.equal(third === first, expected.independentMapping, 'mapping for another address');
      assert.equal(await gets(inside, 'far', outside, third), true, 'an answer from there comes back too');

      const never = await gets(inside, 'near', outside, first === 40_000 ? 40_001 : 40_000);
      assert.equal(never, false, 'a port that was never mapped stays closed');
    });
  });
});

describe('idle mappings', { skip: labSkip() }, () => {
  test('end after the time asked for, and the next one is another', async () => {
    const lab = await createLab({ nats: ['full-cone'], timeouts: { unanswered: 1, answered: 1 } });
    try {
      const [host, inside] = [lab.agent(lab.host), lab.agent(lab.client(0))];
      const [address = '', other = ''] = lab.host.ipv4;
      const outside = lab.topology.nats[0]?.ipv4[0] ?? '';
      await host.ask('openSocket', { name: 'host', address, port: 5001 });
      await host.ask('openSocket', { name: 'other', address: other, port: 5001 });
      await inside.ask('openSocket', { name: 'inside', port: 0 });
      const mapped = async (): Promise<number> => {
        await inside.ask('send', { socket: 'inside', address, port: 5001, text: 'hello' });
        return (await host.ask('receive', { socket: 'host', timeout: PATIENCE }))?.port ?? 0;
      };
      const first = await mapped();
      assert.equal(await mapped(), first, 'it lives while it is used');
      await delay(2_100); // the time itself is what is tested; the kernel looks once a second
      await host.ask('send', { socket: 'other', address: outside, port: first, text: 'too late' });
      assert.equal(await inside.ask('receive', { socket: 'inside', timeout: PATIENCE }), null, 'it is closed');
      assert.notEqual(await mapped(), first);
    } finally {
      await lab.dispose();
    }
  });
});
