/**
 * The README is true: its configurations are good ones, and each of its commands is run here or held elsewhere.
 *
 * The servers' and clients' commands run in a lab, whose addresses the README has borrowed, in the README's order.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatFault } from '../daemon/config/fault.js';
import { parseMiredoConf } from '../daemon/config/miredo-conf.js';
import { parseServerConf } from '../daemon/config/server-conf.js';
import { labSkip } from './lab/availability.js';
import { run } from './lab/command.js';
import { waitFor } from './lab/kernel-view.js';
import { createLab, type Lab } from './lab/lab.js';
import { isSingleUser } from './lab/privilege.js';
import { endedReason, type Program } from './lab/program.js';
import type { Place } from './lab/topology.js';
import { blocksOf, commandsOf, scriptCommands } from './readme-commands.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const BLOCKS = blocksOf(README);
const COMMANDS = commandsOf(README);

/** Whole files; their first line is a comment with their name. */
const FILES = new Map(
  BLOCKS.flatMap(({ text }) => {
    const name = /^# (\S+\.(?:conf|nft))\n/.exec(text)?.[1];
    return name === undefined ? [] : [[name, text] as const];
  }),
);

/** Where a command is tested. */
type Where =
  /** Runs here, and ends with exit code 0. */
  | 'here'
  /** Runs in the lab, in that place; goes on, once its log says this. */
  | { readonly place: (lab: Lab) => Place; readonly until?: RegExp }
  /** This file does it too, and must go on doing so. */
  | { readonly file: string; readonly holds: RegExp };

const TABLE: { readonly [command: string]: Where } = {
  'npm run demo': { file: 'test/readme.test.ts', holds: /run\(\['npm', .*'run', 'demo'\]/ },
  'npm test': { file: '.ci/run', holds: /^npm run --silent test/m },
  'npm run deb': { file: 'test/packaging/built-package.ts', holds: /packaging\/deb\/build\.mjs/ },
  'sudo apt install ./build/deb/miredo_*.deb': {
    file: 'test/packaging/install.test.ts',
    holds: /'apt-get', 'install'/,
  },
  'sudo apt install ./build/deb/miredo-tray_*.deb': {
    file: 'test/packaging/install.test.ts',
    holds: /apt-get install .*miredo-tray_/,
  },
  'npm ci && npm run build': { file: '.ci/run', holds: /^npm ci/m },
  'build/bin/miredo.js --help': 'here',
  'build/bin/miredo-server.js --help': 'here',
  'build/bin/miredo-checkconf.js miredo.conf': 'here',
  'sudo build/bin/miredo-server.js -f -c miredo-server.conf': { place: (lab) => lab.server, until: /serving on/ },
  'sudo sysctl -w net.ipv6.conf.all.forwarding=1': { place: (lab) => lab.relay },
  'sudo build/bin/miredo.js -f -c relay.conf': { place: (lab) => lab.relay, until: /relaying 2001::\/32/ },
  'sudo build/bin/miredo.js -f -c miredo.conf': { place: (lab) => lab.client(0), until: /qualified: address 2001:0:/ },
  ...Object.fromEntries(
    scriptCommands(README).map((command) => [
      command,
      { file: 'test/bus/readme-scripts.test.ts', holds: /for \(const command of scriptCommands\(README\)\)/ },
    ]),
  ),
  'ping -c 3 2001:db8:0:3::2': { place: (lab) => lab.client(0) },
};

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miredo-readme-'));
  for (const [name, text] of FILES) writeFileSync(join(folder, name), text);
});
after(() => rmSync(folder, { recursive: true }));

/** The words of a command, with paths that hold from anywhere. */
function wordsOf(command: string): string[] {
  const words = command.replace(/^sudo /, '').split(' ');
  return words.map((word) => {
    if (FILES.has(word)) return join(folder, word);
    return word.startsWith('build/bin/') ? join(ROOT, word) : word;
  });
}

test('the first two commands are the demo and the tests', () => {
  assert.deepEqual(COMMANDS.slice(0, 2), ['npm run demo', 'npm test']);
});

test('each command is in the table, and each of the table is in the README', () => {
  assert.deepEqual([...new Set(COMMANDS)].sort(), Object.keys(TABLE).sort());
});

test('there are whole files for client, relay and server', () => {
  assert.deepEqual([...FILES.keys()].sort(), ['miredo-server.conf', 'miredo.conf', 'relay.conf']);
});

for (const [name, mode] of [
  ['miredo.conf', 'client'],
  ['relay.conf', 'relay'],
] as const) {
  test(`${name} is a ${mode}'s, without a fault`, () => {
    const { settings, faults } = parseMiredoConf(name, FILES.get(name) ?? '');
    assert.deepEqual(faults.map(formatFault), []);
    assert.equal(settings?.mode, mode);
  });
}

test('miredo-server.conf is without a fault', () => {
  const { settings, faults } = parseServerConf('miredo-server.conf', FILES.get('miredo-server.conf') ?? '');
  assert.deepEqual(faults.map(formatFault), []);
  assert.ok(settings);
});

test('links lead somewhere', () => {
  const targets = [...README.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, target = '']) => target);
  assert.ok(targets.length > 0);
  assert.deepEqual(
    targets.filter((target) => !existsSync(join(ROOT, target))),
    [],
  );
});

for (const [command, where] of Object.entries(TABLE)) {
  if (where === 'here') {
    test(command, async () => {
      const result = await run(wordsOf(command));
      assert.equal(result.code, 0, result.stderr);
    });
  } else if ('file' in where) {
    test(`${command}: held by ${where.file}`, () => {
      assert.match(readFileSync(join(ROOT, where.file), 'utf8'), where.holds);
    });
  }
}

test('npm run demo', { skip: labSkip('ours'), timeout: 120_000 }, async () => {
  const result = await run(['npm', '--prefix', ROOT, 'run', 'demo'], { timeout: 100_000 });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /3 of 3 pings answered .*, page fetched over IPv6/);
});

describe('in the lab', { skip: labSkip('ours'), timeout: 60_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await createLab({ nats: ['port-restricted'] });
  });
  after(() => lab.dispose());

  const ready = (program: Program, pattern: RegExp) =>
    waitFor(String(pattern), () => pattern.test(program.log()) || undefined, {
      timeout: 15_000,
      abort: () => endedReason(program),
    });

  for (const [command, where] of Object.entries(TABLE)) {
    if (where === 'here' || !('place' in where)) continue;
    const { place, until } = where;
    test(command, async () => {
      if (until === undefined) {
        const result = await lab.run(place(lab), wordsOf(command));
        assert.equal(result.code, 0, result.stdout + result.stderr + lab.logs());
        return;
      }
      // All places share one /run.
      const pidFile = join(folder, `${place(lab).name}.pid`);
      // Where only root exists nobody else's rights can be taken on.
      const user = isSingleUser() ? ['-u', 'root'] : [];
      await ready(lab.spawn(place(lab), [...wordsOf(command), '-p', pidFile, ...user]), until);
    });
  }

  test('F-7: the firewall lets answers in, and nothing else', async () => {
    const address = /address (2001:0:\S+),/.exec(lab.logs())?.[1] ?? '';
    assert.equal((await lab.ping(lab.client(0), lab.host.ipv6[0] ?? '')).received, 1);
    await lab.agent(lab.client(0)).ask('serve', {});
    const transfer = { address, bytes: 1, timeout: 1_000 };
    await assert.rejects(lab.agent(lab.host).ask('transfer', transfer), /no progress/);
    assert.equal((await lab.ping(lab.host, address)).received, 1, 'it is there');
  });
});
