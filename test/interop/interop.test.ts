/**
 * Our programs and Debian's C miredo, in every part, against each other. The table of cases is in cases.ts; what was
 * measured goes to build/interop-matrix.md.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { labSkip } from '../lab/availability.js';
import type { Implementation } from '../lab/implementation.js';
import { globalAddresses, waitFor } from '../lab/kernel-view.js';
import { createLab, INTERFACE } from '../lab/lab.js';
import { canMeet, type Kind, kindName, WORLDS, type World } from './cases.js';
import { BURST_COUNT, type Exchange, exchange, type Party, PING_COUNT } from './exchange.js';
import { type Matrix, median, writeMatrix } from './matrix.js';
import { type Stage, setStage } from './stage.js';

const matrix: Matrix = { qualifications: [], rows: [] };
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** Two at once: the machine has two processors, and what is timed has been timed before. */
const CONCURRENCY = 2;
/**
 * Milliseconds from the start of the process to a usable address: less than the four seconds that a lost solicitation
 * costs. How fast it really is says the matrix, and `npm run bench`; a test on a busy machine cannot.
 */
const QUALIFIED_WITHIN = 3000;

function assertWorks(result: Exchange, queueing: readonly Implementation[]): void {
  if (queueing.every((who) => who === 'ours')) {
    assert.deepEqual(result.first, { arrived: upTo(BURST_COUNT), returned: upTo(BURST_COUNT) });
  }
  // C keeps about a kilobyte for a peer that is being contacted, the last come first: most of a burst arrives.
  assert.ok(result.first.returned.length > 0, `nothing came back of the first burst: ${JSON.stringify(result.first)}`);
  const { there, back } = result.ping;
  assert.deepEqual({ there, back }, { there: upTo(PING_COUNT), back: upTo(PING_COUNT) });
  assert.deepEqual(result.udp, { arrived: BURST_COUNT, returned: BURST_COUNT });
  assert.deepEqual(result.tcp, { there: true, back: true });
}

interface Case {
  readonly opener: string;
  readonly acceptor: string;
  readonly parties: (stage: Stage) => readonly [Party | undefined, Party | undefined];
  /** Whoever keeps packets back while contact is made. */
  readonly queueing: readonly Implementation[];
  readonly needs: readonly Implementation[];
}

function nativeCases(world: World, kind: Kind): Case[] {
  const name = kindName(kind);
  const common = { needs: [world.server, world.relay, kind.who] };
  return [
    {
      ...common,
      opener: name,
      acceptor: 'IPv6 host',
      parties: (stage) => [stage.openers.get(name), stage.host],
      queueing: [kind.who],
    },
    {
      // The client, too, tests the way to the host (RFC 4380 §5.2.9) before it lets the answers go.
      ...common,
      opener: 'IPv6 host',
      acceptor: name,
      parties: (stage) => [stage.host, stage.acceptors.get(name)],
      queueing: [world.relay, kind.who],
    },
  ];
}

function pairCases(world: World, opener: Kind): Case[] {
  const able = world.kinds.filter((acceptor) => canMeet(opener, acceptor));
  return able.map((acceptor) => ({
    opener: kindName(opener),
    acceptor: kindName(acceptor),
    parties: (stage) => [stage.openers.get(kindName(opener)), stage.acceptors.get(kindName(acceptor))],
    queueing: [opener.who, acceptor.who],
    needs: [world.server, world.relay, opener.who, acceptor.who],
  }));
}

const casesOf = (world: World): Case[] => [
  ...world.kinds.flatMap((kind) => nativeCases(world, kind)),
  ...(world.pairs ? world.kinds.flatMap((kind) => pairCases(world, kind)) : []),
];

async function runCase(stage: Stage, { opener, acceptor, parties, queueing }: Case): Promise<void> {
  const [from, to] = parties(stage);
  assert.ok(from !== undefined && to !== undefined, 'both clients have qualified');
  const result = await exchange(stage.lab, from, to);
  matrix.rows.push({ world: stage.world.name, opener, acceptor, ...result });
  assertWorks(result, queueing);
}

function noteQualifications({ world, openers, acceptors }: Stage): void {
  for (const { who, qualifiedAfter } of [...openers.values(), ...acceptors.values()]) {
    matrix.qualifications.push({ world: world.name, who, milliseconds: qualifiedAfter });
  }
}

for (const world of WORLDS) {
  describe(world.name, { skip: labSkip(world.server, world.relay), concurrency: CONCURRENCY }, () => {
    let stage: Stage;
    before(async () => {
      stage = await setStage(world);
      noteQualifications(stage);
    });
    after(() => stage?.lab.dispose());

    for (const who of new Set(world.kinds.map((kind) => kind.who))) {
      test(`${who} qualifies in time`, { skip: labSkip(who) }, () => {
        // The median: one that another program kept from the processor says nothing. The table has the others too.
        const mine = matrix.qualifications.filter((row) => row.world === world.name && row.who === who);
        const times = mine.map((row) => row.milliseconds);
        assert.ok(median(times) < QUALIFIED_WITHIN, `${times.map(Math.round)} ms`);
      });
    }
    for (const one of casesOf(world)) {
      test(`${one.opener} → ${one.acceptor}`, { skip: labSkip(...one.needs) }, async (t) => {
        try {
          await runCase(stage, one);
        } catch (error) {
          t.diagnostic(stage.lab.logs());
          throw error;
        }
      });
    }
  });
}

describe('symmetric NAT', { skip: labSkip('ours', 'c') }, () => {
  test('our client says so and takes no address', async () => {
    const lab = await createLab({ nats: ['symmetric'] });
    try {
      await lab.startServer('c');
      const client = lab.launchClient(0, 'ours');
      await waitFor('the reason', () => /symmetric/i.test(client.log()) || undefined, { timeout: 10_000 });
      assert.deepEqual(globalAddresses(client.pid, INTERFACE), []);
    } finally {
      await lab.dispose();
    }
  });
});

after(() => writeMatrix(matrix));
