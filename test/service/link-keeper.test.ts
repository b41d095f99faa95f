/** The interface follows what was last wanted, on a real interface. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { closeDescriptor, openTun } from '../../daemon/io/descriptors.js';
import { type LinkFailure, readLink } from '../../daemon/io/link.js';
import type { LinkConfiguration } from '../../daemon/io/link-commands.js';
import { LinkKeeper } from '../../daemon/service/link-keeper.js';
import { formatIpv6 } from '../../daemon/wire/ipv6.js';
import { enterNamespace } from '../support/namespace.js';
import { address } from '../support/tun.js';

const OPTIONS = { skip: enterNamespace(import.meta.url), timeout: 20_000 };

const DOWN = { isUp: false, addresses: [], defaultRoutes: 0 };

/** What a client carries with this address. */
const client = (last: number, mtu = 1280): LinkConfiguration => ({
  mtu,
  addresses: [{ address: address(`2001:0:cb00:710a::${last}`), prefixLength: 32 }],
  routes: [{ destination: address('::'), prefixLength: 0, metric: 1029 }],
});

const carrying = (last: number) => ({ isUp: true, addresses: [`2001:0:cb00:710a::${last}`], defaultRoutes: 1 });

/** An interface of the test's own, its keeper, and what failed. */
class Bench {
  readonly failures: LinkFailure[] = [];
  readonly name: string;
  readonly keeper: LinkKeeper;
  readonly #fd: number;
  #isOpen = true;

  constructor(context: TestContext) {
    const device = openTun('mkeep%d');
    assert.ok(device.ok, device.ok ? '' : device.sentence);
    this.name = device.name;
    this.#fd = device.fd;
    this.keeper = new LinkKeeper(device.name, (failure) => this.failures.push(failure));
    context.after(() => this.removeInterface());
  }

  removeInterface(): void {
    if (this.#isOpen) closeDescriptor(this.#fd);
    this.#isOpen = false;
  }

  async state() {
    const state = await readLink(this.name);
    assert.ok(state.ok, state.ok ? '' : state.sentence);
    return {
      isUp: state.isUp,
      addresses: state.addresses.map((entry) => formatIpv6(entry.address)),
      defaultRoutes: state.routes.filter((route) => route.prefixLength === 0).length,
    };
  }
}

test('up, another address, down', OPTIONS, async (t) => {
  const bench = new Bench(t);
  await bench.keeper.want(client(1));
  assert.deepEqual(await bench.state(), carrying(1));
  await bench.keeper.want(client(2));
  assert.deepEqual(await bench.state(), carrying(2));
  await bench.keeper.want(undefined);
  assert.deepEqual(await bench.state(), DOWN);
  assert.deepEqual(bench.failures, []);
});

test('wishes faster than the kernel: the last one wins, whoever waits, waits for it', OPTIONS, async (t) => {
  const bench = new Bench(t);
  const done = [client(1), client(2), undefined, client(3)].map((wish) => bench.keeper.want(wish));
  await done[0];
  assert.deepEqual(await bench.state(), carrying(3));
  await Promise.all(done);
  void bench.keeper.want(client(4));
  await bench.keeper.want(undefined);
  assert.deepEqual(await bench.state(), DOWN);
  assert.deepEqual(bench.failures, []);
});

test('wished for down before it was up: nothing is done', OPTIONS, async (t) => {
  const bench = new Bench(t);
  bench.removeInterface();
  await bench.keeper.want(undefined);
  assert.deepEqual(bench.failures, [], 'nobody asked the kernel');
});

test('a change that fails is told once, and leaves nothing in the way of the next', OPTIONS, async (t) => {
  const bench = new Bench(t);
  const impossible = client(1, 70_000);
  await bench.keeper.want(impossible);
  await bench.keeper.want(impossible);
  assert.deepEqual(
    bench.failures.map((failure) => failure.code),
    ['refused'],
  );
  await bench.keeper.want(client(2));
  assert.deepEqual(await bench.state(), carrying(2));
  assert.equal(bench.failures.length, 1);
});

test('a change that fails half way, from an address that is there', OPTIONS, async (t) => {
  const bench = new Bench(t);
  await bench.keeper.want(client(1));
  const { routes, ...rest } = client(2);
  // The address of 2 comes before the route that is refused.
  const refused = { destination: address('2001:db8::'), prefixLength: 32, metric: 2 ** 33 };
  await bench.keeper.want({ ...rest, routes: [...routes, refused] });
  assert.equal(bench.failures.length, 1);
  await bench.keeper.want(client(3));
  assert.deepEqual(await bench.state(), carrying(3));
  assert.equal(bench.failures.length, 1, bench.failures[1]?.sentence);
});

test('an interface that is gone is a failure', OPTIONS, async (t) => {
  const bench = new Bench(t);
  bench.removeInterface();
  await bench.keeper.want(client(1));
  assert.deepEqual(
    bench.failures.map((failure) => failure.code),
    ['gone'],
  );
});

test('closed: no change begins, and the end of the interface is no failure', OPTIONS, async (t) => {
  const bench = new Bench(t);
  const running = bench.keeper.want(client(1));
  bench.keeper.close();
  bench.removeInterface();
  await running;
  await bench.keeper.want(client(2));
  assert.deepEqual(bench.failures, []);
});
