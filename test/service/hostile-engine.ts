/** An engine that an attacker has taken over: says what its argument names, over and over, and stays alive. */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

const CHANNEL = 3;
const scenario = process.argv[2] ?? '';

const qualified = {
  name: 'qualified',
  address: '2001:0:cb00:7178:1c5c:efff:3994:9bfe',
  mapped: { address: 0xc66b6401, port: 4096 },
  server: 0xcb007178,
  secondary: 0xcb007179,
  mtu: 1280,
  nat: { mapping: 'endpoint-independent', portPreserving: false },
};

const state = (changes: object): string =>
  `${JSON.stringify({ type: 'state', state: { ...qualified, ...changes } })}\n`;

const READY = '{"type":"ready","lacking":[]}\n';

/** What is said after READY. */
const SPEECHES: Readonly<Record<string, () => string>> = {
  honest: () => state({}),
  'foreign-prefix': () => state({ address: '2001:db8::1' }),
  'native-address': () => state({ address: '2600::1' }),
  'link-local': () => state({ address: 'fe80::1' }),
  'other-server': () => state({ address: '2001:0:cb00:7199:1c5c:efff:3994:9bfe' }),
  'other-server-claim': () => state({ server: 0xcb007199 }),
  'other-mapping': () => state({ mapped: { address: 0xc66b6402, port: 4096 } }),
  'private-mapping': () =>
    state({ address: '2001:0:cb00:7178:1c5c:efff:3f57:fefe', mapped: { address: 0xc0a80101, port: 4096 } }),
  'strange-flags': () => state({ address: '2001:0:cb00:7178:c35c:efff:3994:9bfe' }),
  'address-with-command': () => state({ address: '2001::1 dev eth0\naddress add ::2/128 dev eth0' }),
  'small-mtu': () => state({ mtu: 100 }),
  'large-mtu': () => state({ mtu: 65535 }),
  'fractional-mtu': () => state({ mtu: 1280.5 }),
  'mtu-text': () => state({ mtu: '1280; ip link del eth0' }),
  route: () => state({ routes: [{ destination: '::', metric: 1 }] }),
  interface: () => state({ interface: 'eth0' }),
  'unknown-type': () => '{"type":"exec","command":"id"}\n',
  prototype: () => '{"type":"state","state":{"__proto__":{"name":"qualified"},"name":"qualified"}}\n',
  'not-json': () => 'hello\n',
  array: () => '[]\n',
  null: () => 'null\n',
  'deep-nesting': () => `${'['.repeat(4000)}\n`,
  oversize: () => `{"type":"broken","sentence":"${'x'.repeat(20_000)}"}\n`,
  'endless-line': () => 'x'.repeat(100_000),
  flood: () => answer({}).repeat(2000),
  'ready-twice': () => READY,
  'invalid-utf8': () => '\ufffd\u0000\n',
  'nul-in-message': () => '{"type":"broken","sentence":"\u0000"}\n',
  'endless-number': () => state({ mtu: 0 }).replace('"mtu":0', '"mtu":1e400'),
  'minus-zero': () => state({ mtu: -0 }).replace('"mtu":0', '"mtu":-0'),
  'said-twice': () => state({}).replace('"mtu":1280', '"mtu":1280,"mtu":9'),
  'absurd-statistics': () => answer({ datagramsIn: 1e300 }),
  'negative-statistics': () => answer({ peers: -1 }),
  restless: () => `${state({})}${FAILED}`.repeat(10),
  flapping: () => `${state({})}${FAILED}`.repeat(20),
};

const FAILED = '{"type":"state","state":{"name":"failed","reason":{"code":"server-silent"},"retryIn":1}}\n';

const answer = (changes: object, number = 1): string =>
  `${JSON.stringify({ type: 'answer', number, statistics: { ...statistics(), ...changes } })}\n`;

function statistics(): object {
  const drops = Object.fromEntries(
    ['malformed', 'not-for-us', 'bad-source', 'bad-destination', 'not-global-ipv4', 'spoofed', 'untrusted']
      .concat(['bad-advertisement', 'bad-authentication', 'not-qualified', 'queue-full', 'unreachable'])
      .concat(['via-server', 'congestion', 'too-big', 'bubble', 'control'])
      .map((reason) => [reason, 0]),
  );
  const path = { receiveCalls: 0, sendCalls: 0, sendWouldBlock: 0, sendRefused: 0, deliverRefused: 0, lastError: '' };
  const counts = {
    datagramsIn: 0,
    bytesIn: 0,
    packetsOut: 0,
    bytesOut: 0,
    bubblesSent: 0,
    bubblesReceived: 0,
    peers: 0,
  };
  return { ...counts, drops, path };
}

if (scenario === 'complaints') writeSync(2, `\u001b[2J\u0007 root logged in\n${'noise '.repeat(20_000)}\n`);

const channel = new Socket({ fd: CHANNEL, readable: true, writable: true });
channel.on('error', () => {});
if (scenario === 'hang-up') setInterval(() => {}, 1000);
else channel.on('close', () => process.exit());
/** It can speak to a supervisor to which it does not listen. */
if (scenario === 'deaf') channel.write(READY);
let heard = '';
let hasSpoken = false;
channel.setEncoding('utf8').on('data', (text: string) => {
  heard += text;
  if (scenario === 'deaf') {
    channel.pause();
    return; // it said READY before it was told anything
  }
  if (scenario === 'hang-up' && heard.includes('"start"')) channel.end();
  if (scenario === 'silent') return;
  // It waits to be told of its servers, so that its claims are as good as they can be.
  if (heard.includes('"configure"') && !heard.includes('"start"')) channel.write(READY);
  if (scenario === 'restless' && text.includes('"start"')) hasSpoken = false;
  if (heard.includes('"start"') && !hasSpoken) {
    hasSpoken = true;
    channel.write(SPEECHES[scenario]?.() ?? '');
  }
  if (scenario !== 'honest') return;
  for (const [, number] of text.matchAll(/"ask","number":(\d+)/g)) channel.write(answer({}, Number(number)));
});
