import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Endpoint, ipv4, port } from '../../daemon/wire/ipv4.js';
import { SeededRandom } from '../support/seeded-random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { PERFECT } from './link.js';
import { type Dependence, NAT_PRESETS, Nat, type NatBehaviour } from './nat.js';
import { type Datagram, type Ipv4Interface, Ipv4Network } from './network.js';

const INSIDE: Endpoint = { address: ipv4(0x0a000002), port: port(5000) };
const OTHER_INSIDE: Endpoint = { address: ipv4(0x0a000003), port: port(5000) };
const EXTERNAL = ipv4(0x05000001);
const REMOTE: Endpoint = { address: ipv4(0x06000001), port: port(7000) };
const REMOTE_OTHER_PORT: Endpoint = { address: REMOTE.address, port: port(7001) };
const STRANGER: Endpoint = { address: ipv4(0x06000002), port: port(7000) };

const DEPENDENCES: readonly Dependence[] = ['endpoint-independent', 'address-dependent', 'address-and-port-dependent'];

/** A NAT with two hosts inside and two outside; every host keeps what it receives. */
class Bench {
  readonly clock = new VirtualClock(1000);
  readonly random = new SeededRandom(1);
  readonly internet = new Ipv4Network(this.clock, this.random.fork());
  readonly received = new Map<number, Datagram[]>();
  readonly lines = new Map<number, Ipv4Interface>();
  readonly nat: Nat;

  constructor(behaviour: Partial<NatBehaviour>) {
    this.nat = this.addNat(behaviour, this.internet, EXTERNAL);
    for (const host of [REMOTE, STRANGER]) this.attach(host, this.internet);
    for (const host of [INSIDE, OTHER_INSIDE]) this.attach(host, this.nat.inside);
  }

  addNat(parts: Partial<NatBehaviour>, outside: Ipv4Network, address: Endpoint['address']): Nat {
    const behaviour = { ...NAT_PRESETS['port-restricted'], ...parts };
    return new Nat({ clock: this.clock, random: this.random.fork(), behaviour, outside, address });
  }

  attach(host: Endpoint, network: Ipv4Network): void {
    const inbox: Datagram[] = [];
    this.received.set(host.address, inbox);
    const line = network.attach(host.address, (datagram) => inbox.push(datagram), PERFECT);
    this.lines.set(host.address, line);
  }

  /** Sends one datagram; what `to` then received, if anything. */
  send(from: Endpoint, to: Endpoint, recipient: Endpoint = to): Datagram | undefined {
    const inbox = this.received.get(recipient.address) ?? [];
    inbox.length = 0;
    this.lines.get(from.address)?.send(from, to, Uint8Array.of(1, 2, 3));
    this.clock.runFor(1);
    return inbox[0];
  }

  /** The external endpoint by which `remote` sees a datagram from `inside`. */
  seenBy(remote: Endpoint, inside: Endpoint = INSIDE): Endpoint {
    const datagram = this.send(inside, remote);
    assert.ok(datagram);
    return datagram.source;
  }
}

describe('NAT models', () => {
  for (const mapping of DEPENDENCES) {
    it(`mapping ${mapping}: one external port for as much of the remote end as that says`, () => {
      const bench = new Bench({ mapping });
      const first = bench.seenBy(REMOTE);
      assert.equal(first.address, EXTERNAL);
      assert.deepEqual(bench.seenBy(REMOTE), first);
      const sameHost = bench.seenBy(REMOTE_OTHER_PORT).port === first.port;
      const otherHost = bench.seenBy(STRANGER).port === first.port;
      assert.equal(sameHost, mapping !== 'address-and-port-dependent');
      assert.equal(otherHost, mapping === 'endpoint-independent');
      assert.notEqual(bench.seenBy(REMOTE, OTHER_INSIDE).port, first.port);
    });
  }

  for (const filtering of DEPENDENCES) {
    it(`filtering ${filtering}: lets in whom that says`, () => {
      const bench = new Bench({ filtering });
      const external = bench.seenBy(REMOTE);
      assert.deepEqual(bench.send(REMOTE, external, INSIDE)?.destination, INSIDE);
      const samePort = bench.send(REMOTE_OTHER_PORT, external, INSIDE) !== undefined;
      const stranger = bench.send(STRANGER, external, INSIDE) !== undefined;
      assert.equal(samePort, filtering !== 'address-and-port-dependent');
      assert.equal(stranger, filtering === 'endpoint-independent');
      assert.equal(bench.send(REMOTE, { ...external, port: port(external.port ^ 1) }, INSIDE), undefined);
    });
  }

  it('the filter of an endpoint-dependent mapping does not outlive what it was made for', () => {
    const bench = new Bench(NAT_PRESETS.symmetric);
    const external = bench.seenBy(REMOTE);
    bench.seenBy(STRANGER);
    assert.equal(bench.send(STRANGER, external, INSIDE), undefined);
  });

  it('port preservation keeps the port while it is free', () => {
    const bench = new Bench({ portPreservation: true });
    assert.equal(bench.seenBy(REMOTE).port, INSIDE.port);
    assert.notEqual(bench.seenBy(REMOTE, OTHER_INSIDE).port, OTHER_INSIDE.port);
  });

  it('sequential allocation counts up', () => {
    const bench = new Bench({ ...NAT_PRESETS.symmetric, allocation: 'sequential' });
    const first = bench.seenBy(REMOTE).port;
    assert.equal(bench.seenBy(STRANGER).port, first === 65535 ? 1024 : first + 1);
  });

  for (const refreshedByInbound of [false, true]) {
    it(`a mapping expires unless refreshed by outbound${refreshedByInbound ? ' or inbound' : ''} packets`, () => {
      const bench = new Bench({ timeout: 30_000, refreshedByInbound });
      const external = bench.seenBy(REMOTE);
      bench.clock.runFor(20_000);
      assert.deepEqual(bench.seenBy(REMOTE), external);
      bench.clock.runFor(20_000);
      assert.ok(bench.send(REMOTE, external, INSIDE));
      bench.clock.runFor(20_000);
      assert.equal(bench.send(REMOTE, external, INSIDE) !== undefined, refreshedByInbound);
      assert.equal(bench.nat.externalOf(INSIDE, REMOTE) !== undefined, refreshedByInbound);
    });
  }

  it('leave to send in expires for each remote end by itself', () => {
    const bench = new Bench({ timeout: 30_000 });
    const external = bench.seenBy(REMOTE);
    bench.clock.runFor(20_000);
    bench.seenBy(STRANGER);
    bench.clock.runFor(20_000);
    assert.ok(bench.send(STRANGER, external, INSIDE));
    assert.equal(bench.send(REMOTE, external, INSIDE), undefined);
  });

  for (const hairpin of [false, true]) {
    it(`hairpin ${hairpin ? 'on' : 'off'}`, () => {
      const bench = new Bench({ hairpin });
      const a = bench.seenBy(REMOTE);
      const b = bench.seenBy(REMOTE, OTHER_INSIDE);
      assert.equal(bench.send(INSIDE, b, OTHER_INSIDE), undefined, 'the filter holds for hairpinned packets, too');
      const answer = bench.send(OTHER_INSIDE, a, INSIDE);
      assert.equal(answer !== undefined, hairpin);
      if (answer !== undefined) assert.deepEqual(answer.source, b);
    });
  }

  it('a reboot forgets mappings, and may bring another address', () => {
    const bench = new Bench({});
    const external = bench.seenBy(REMOTE);
    const address = ipv4(0x05000009);
    bench.nat.reboot(address);
    assert.equal(bench.send(REMOTE, external, INSIDE), undefined);
    const changed = bench.seenBy(REMOTE);
    assert.equal(changed.address, address);
    assert.ok(bench.send(REMOTE, changed, INSIDE));
  });

  it('nested NATs translate twice', () => {
    const bench = new Bench({});
    const inner = bench.addNat({}, bench.nat.inside, ipv4(0x0a000064));
    const host: Endpoint = { address: ipv4(0xc0a80002), port: port(4000) };
    bench.attach(host, inner.inside);
    const external = bench.seenBy(REMOTE, host);
    assert.equal(external.address, EXTERNAL);
    assert.deepEqual(bench.send(REMOTE, external, host)?.destination, host);
    assert.equal(bench.send(STRANGER, external, host), undefined);
  });

  it('a host outside the NAT never sees an inside address', () => {
    const bench = new Bench({});
    assert.equal(bench.send(INSIDE, OTHER_INSIDE)?.source.address, INSIDE.address);
    bench.send(REMOTE, INSIDE);
    assert.equal(bench.internet.unroutable, 1);
  });
});
