/** A probe that an attacker has taken over: says what its argument names, when it is configured, and stays alive. */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

const CHANNEL = 3;
const scenario = process.argv[2] ?? '';

const MAPPED = { address: 0xc6336401, port: 4096 };
const HEARD = { mapped: MAPPED, roundTrip: 5 };
const READY = '{"type":"ready","lacking":[]}\n';
const DONE = '{"type":"done"}\n';

const say = (message: object): string => `${JSON.stringify(message)}\n`;
const probed = (changes: object = {}): string =>
  say({ type: 'probed', target: 0, primary: HEARD, secondary: HEARD, ...changes });
const heard = (changes: object): string => probed({ primary: { ...HEARD, ...changes } });
const cone = (changes: object = {}): string => say({ type: 'cone', target: 0, answer: 'secondary', ...changes });

const SPEECHES: Readonly<Record<string, () => string>> = {
  honest: () => READY + probed() + probed({ target: 1 }) + cone() + DONE,
  'unknown-type': () => `${READY}{"type":"exec","command":"id"}\n`,
  state: () => `${READY}{"type":"state","state":{"name":"stopped","reason":{"code":"user"}}}\n`,
  'not-json': () => `${READY}hello\n`,
  array: () => `${READY}[]\n`,
  null: () => `${READY}null\n`,
  'deep-nesting': () => `${READY}${'['.repeat(4000)}\n`,
  'endless-line': () => READY + 'x'.repeat(100_000),
  oversize: () => READY + say({ type: 'broken', sentence: 'x'.repeat(20_000) }),
  'before-ready': () => probed(),
  'done-before-ready': () => DONE,
  'ready-twice': () => READY + READY,
  'flood-of-ready': () => READY.repeat(5000),
  'flood-of-probed': () => READY + probed().repeat(5000),
  'flood-of-malformed': () => READY + say({ type: 'probed', target: -1 }).repeat(5000),
  'many-lacking': () => say({ type: 'ready', lacking: Array.from({ length: 17 }, () => 'a rope') }),
  'early-done': () => READY + probed() + DONE,
  'unknown-target': () => READY + probed({ target: 2 }),
  'target-64': () => READY + probed({ target: 64 }),
  'half-target': () => READY + probed({ target: 0.5 }),
  'target-text': () => READY + probed({ target: '0' }),
  'told-twice': () => READY + probed() + probed(),
  'cone-twice': () => READY + cone() + cone(),
  'cone-word': () => READY + cone({ answer: 'maybe' }),
  'cone-unknown-target': () => READY + cone({ target: 5 }),
  'private-mapping': () => READY + heard({ mapped: { address: 0xc0a80101, port: 1 } }),
  'port-0': () => READY + heard({ mapped: { ...MAPPED, port: 0 } }),
  'port-65536': () => READY + heard({ mapped: { ...MAPPED, port: 65536 } }),
  'negative-time': () => READY + heard({ roundTrip: -1 }),
  'endless-time': () => READY + heard({ roundTrip: 0 }).replace('"roundTrip":0', '"roundTrip":1e400'),
  'long-time': () => READY + heard({ roundTrip: 60_001 }),
  'name-of-a-server': () => READY + probed({ name: 'teredo.example' }),
  prototype: () => READY + probed().replace('"target"', '"__proto__":{"x":1},"target"'),
  broken: () => say({ type: 'broken', sentence: 'I am \u001b[2Jill' }).repeat(5000),
  'lies-then-breaks': () => READY + probed() + probed({ target: 1 }) + cone() + READY,
  'quits-half-way': () => READY + probed(),
  hangs: () => READY + probed(),
};

if (scenario === 'complaints') writeSync(2, `\u001b[2J\u0007 root logged in\n${'noise '.repeat(20_000)}\n`);

const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });
channel.on('error', () => {});
channel.on('close', () => process.exit());
if (scenario !== 'silent') {
  channel.once('data', () => {
    channel.write(SPEECHES[scenario]?.() ?? SPEECHES['honest']?.() ?? '', () => {
      if (scenario === 'quits-half-way') process.exit(3);
    });
  });
}
