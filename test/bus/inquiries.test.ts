/** ProbeServers and Diagnose on the bus: what they answer, who may, who hears of it, and what they leave in peace. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { before, beforeEach, describe, type TestContext, test } from 'node:test';
import type { Client } from '../../dbus/client.js';
import { openBus } from '../../dbus/connection.js';
import { INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';
import type { Step } from '../../dbus/reports.js';
import { PRIMARY, type Running, SECONDARY } from '../daemon/stage.js';
import { waitFor } from '../lab/kernel-view.js';
import { ip } from '../support/tun.js';
import { openClient, STEP_IDS } from './asking.js';
import { call, enterBusStage, permit, property, provideBus, STRANGER } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };
/** Nobody answers there, nor at the addresses behind it. */
const SILENT = '203.0.113.99';
/** May ask such questions, and nothing else. */
const DOCTOR = 'games';
const OWN = '203.0.113.30';

const nft = (rules: string): void => void execFileSync('nft', ['-f', '-'], { input: rules });

/** Counts what is sent to silent servers, by source. */
function countSilent(): () => { all: number; own: number } {
  nft(`table ip count {
    counter every { }
    counter own { }
    chain out {
      type filter hook output priority 0
      ip daddr ${SILENT} udp dport 3544 counter name every
      ip saddr ${OWN} ip daddr ${SILENT} udp dport 3544 counter name own
    }
  }`);
  return () => {
    const text = execFileSync('nft', ['list', 'counters'], { encoding: 'utf8' });
    const packets = (name: string): number =>
      Number(new RegExp(`counter ${name} \\{\\s+packets (\\d+)`).exec(text)?.[1]);
    return { all: packets('every'), own: packets('own') };
  };
}

/** Names of the signals of our interface that come to somebody else, who hears all that he may. */
async function eavesdrop(t: TestContext): Promise<() => readonly string[]> {
  const heard: string[] = [];
  const opened = await openBus({
    signalled: ({ path, member }) => {
      if (path === OBJECT_PATH) heard.push(member ?? '');
    },
  });
  assert.ok(opened.ok);
  t.after(() => opened.connection.close());
  const match = `type='signal',interface='${INTERFACE}'`;
  assert.ok((await opened.connection.callBus('AddMatch', 's', [match])).ok);
  return () => heard;
}

const children = ({ pid }: Running): number =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).length;

async function probe(client: Client, ...names: string[]) {
  const answer = await client.probeServers(names);
  return answer.ok ? answer.value : answer.fault.code;
}

describe('questions on the message bus', OPTIONS, () => {
  before(() => {
    ip('address', 'add', `${OWN}/24`, 'dev', 'eth0');
    permit(DOCTOR, 'org.miredo.diagnose');
  });
  provideBus();
  beforeEach(() => nft('flush ruleset'));

  test('each server has its result; the caller hears it as it comes in, and nobody else does', async (t) => {
    await startTunnel(t);
    const others = await eavesdrop(t);
    const client = await openClient(t);
    const heard: string[] = [];
    const names = [PRIMARY, SILENT, 'nowhere.invalid'];
    const answer = await client.probeServers(names, ({ name }) => heard.push(name));
    assert.ok(answer.ok);
    const shown = answer.value.map(({ roundTrip, error, ...rest }) => ({
      ...rest,
      timed: roundTrip !== undefined,
      code: error?.code,
    }));
    assert.deepEqual(shown, [
      { name: PRIMARY, isReachable: true, hasSecondary: true, address: PRIMARY, timed: true, code: undefined },
      { name: SILENT, isReachable: false, hasSecondary: false, address: SILENT, timed: false, code: 'server-silent' },
      {
        name: 'nowhere.invalid',
        isReachable: false,
        hasSecondary: false,
        address: undefined,
        timed: false,
        code: 'dns-failed',
      },
    ]);
    assert.deepEqual(heard.toSorted(), names.toSorted());
    assert.equal(heard.at(-1), SILENT, 'who answers is told of before who does not');
    assert.deepEqual(others(), []);
  });

  test('a server whose second address is silent', async (t) => {
    await startTunnel(t);
    nft(`table ip t { chain o { type filter hook output priority 0; ip daddr ${SECONDARY} udp dport 3544 drop; }; }`);
    const [result] = await probe(await openClient(t), PRIMARY);
    assert.ok(typeof result === 'object');
    assert.deepEqual([result.isReachable, result.hasSecondary, result.error?.code], [true, false, 'secondary-silent']);
  });

  test('without names: those of the list', async (t) => {
    await startTunnel(t);
    const client = await openClient(t);
    assert.equal((await call('root', 'AddServer', 'sa{sv}', 'other', '1', 'primary', 's', SILENT)).code, 0);
    const results = await probe(client);
    assert.ok(typeof results === 'object');
    assert.deepEqual(
      results.map(({ name }) => name),
      [PRIMARY, 'other'],
    );
  });

  test('names are checked before anybody is asked whether the caller may', async (t) => {
    await startTunnel(t);
    const tooMany = Array.from({ length: 65 }, (_, index) => `203.0.113.${index + 100}`);
    for (const names of [tooMany, ['10.0.0.1'], ['a b'], [''], ['x'.repeat(254)], [PRIMARY, '127.0.0.1']]) {
      const { code, stderr } = await call(STRANGER, 'ProbeServers', 'as', String(names.length), ...names);
      assert.notEqual(code, 0);
      assert.match(stderr, /Call failed: (?:No more than 64|.*(?:not a|name|address))/, names[0]);
      assert.doesNotMatch(stderr, /[Aa]uthori/, names[0]);
    }
  });

  test('who has the right may ask, and nobody else', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    for (const [member, ...words] of [['ProbeServers', 'as', '1', PRIMARY], ['Diagnose']] as const) {
      const refused = await call(STRANGER, member, ...words);
      assert.match(refused.stderr, /org\.miredo\.diagnose|not authorized|[Aa]ccess denied|authentication/i, member);
      assert.equal((await call(DOCTOR, member, ...words)).code, 0, member);
    }
    assert.notEqual((await call(DOCTOR, 'Stop')).code, 0);
  });

  test('who asks for the same at the same time shares the answer: servers are asked once', async (t) => {
    await startTunnel(t);
    const count = countSilent();
    const clients = await Promise.all(Array.from({ length: 6 }, () => openClient(t)));
    const [first] = clients;
    assert.ok(first !== undefined);
    await probe(first, SILENT);
    const once = count().all;
    assert.ok(once > 0);
    const answers = await Promise.all(clients.map((client) => probe(client, SILENT)));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
    assert.ok(count().all < 3 * once, `${count().all} questions for six callers, ${once} for one`);
  });

  test('too many questions at once: Busy; and who leaves takes his questions along', async (t) => {
    const daemon = await startTunnel(t);
    const usual = children(daemon);
    const client = await openClient();
    const asked = Array.from({ length: 12 }, (_, index) => probe(client, `203.0.113.${index + 100}`));
    const refused: unknown[] = [];
    for (const answer of asked) void answer.then((said) => said === 'busy' && refused.push(said));
    await waitFor('three refusals', () => refused.length === 3 || undefined, { timeout: 15_000 });
    await waitFor('a probe', () => children(daemon) > usual || undefined, { timeout: 10_000 });
    client.close();
    await waitFor('its end', () => children(daemon) === usual || undefined, { timeout: 2_000 });
    const results = await probe(await openClient(t), PRIMARY);
    assert.ok(typeof results === 'object' && results[0]?.isReachable === true);
  });

  test('a question goes on for the second caller when the first one leaves', async (t) => {
    const daemon = await startTunnel(t);
    const usual = children(daemon);
    const [first, second] = [await openClient(), await openClient(t)];
    void first.probeServers([SILENT]);
    await waitFor('a probe', () => children(daemon) > usual || undefined, { timeout: 10_000 });
    const answer = probe(second, SILENT);
    first.close();
    const results = await answer;
    assert.ok(typeof results === 'object' && results[0]?.error?.code === 'server-silent');
  });

  test('servers are asked by the way of the tunnel', async (t) => {
    await startTunnel(t, `BindAddress ${OWN}\n${NO_IPV6_TEST}`);
    const count = countSilent();
    const client = await openClient(t);
    await probe(client, SILENT);
    assert.ok(count().own > 0 && count().own === count().all);
    const steps = await client.diagnose();
    const nat = steps.ok ? steps.value.find(({ id }) => id === 'nat') : undefined;
    assert.match(nat?.sentence ?? '', /There is no NAT/);
  });

  test('Diagnose: each step begins, and then has its verdict, as in the answer; for the caller only', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    const others = await eavesdrop(t);
    const client = await openClient(t);
    const heard: Step[] = [];
    const answer = await client.diagnose((step) => heard.push(step));
    assert.ok(answer.ok);
    assert.deepEqual(
      answer.value.map(({ id }) => id),
      STEP_IDS,
    );
    assert.deepEqual(
      heard.map(({ id }) => id),
      STEP_IDS.flatMap((id) => [id, id]),
    );
    heard.forEach(({ verdict, sentence }, index) => {
      if (index % 2 === 0) assert.equal(verdict, 'running');
      assert.notEqual(sentence, '');
    });
    assert.deepEqual(
      heard.filter(({ verdict }) => verdict !== 'running'),
      answer.value,
    );
    // The tunnel's own news is everybody's: whether the IPv6 Internet answers, say.
    assert.ok(!others().includes('DiagnoseProgress'));
  });

  test('the tunnel is left in peace', async (t) => {
    const daemon = await startTunnel(t, 'Firewall yes\n');
    // The news of its start are over.
    assert.equal(await property('State'), 's "qualified"');
    const others = await eavesdrop(t);
    const before = [await property('Mapped'), await property('StateSince'), await property('Address')];
    const client = await openClient(t);
    await Promise.all([probe(client, PRIMARY, SILENT), client.diagnose()]);
    const later = [await property('Mapped'), await property('StateSince'), await property('Address')];
    assert.deepEqual(later, before);
    const news = others().filter((name) => ['StateChanged', 'AddressChanged', 'ServerChanged'].includes(name));
    assert.deepEqual(news, []);
    assert.equal(daemon.lines.filter((line) => /qualified: /.test(line)).length, 1);
    assert.deepEqual(
      daemon.lines.filter((line) => /warning|error|less shut in/i.test(line)),
      [],
    );
  });

  test('a caller who leaves a diagnosis ends it', async (t) => {
    const daemon = await startTunnel(t);
    const usual = children(daemon);
    const client = await openClient();
    void client.diagnose();
    await waitFor('its probe', () => children(daemon) > usual || undefined, { timeout: 10_000 });
    client.close();
    await waitFor('its end', () => children(daemon) === usual || undefined, { timeout: 3_000 });
    assert.equal(await property('State'), 's "qualified"');
  });
});
