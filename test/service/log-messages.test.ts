/** The key events of the old program and what ours says instead: one line, with a remedy where there is one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTun, openUdp } from '../../daemon/io/descriptors.js';
import { resolveIpv4 } from '../../daemon/io/resolver.js';
import type { TunnelState } from '../../daemon/protocol/tunnel-state.js';
import type { LogEntry } from '../../daemon/service/log.js';
import {
  engineEnded,
  fault,
  reloaded,
  reloadFailed,
  reloading,
  serverUnresolvable,
  signalReceived,
  startFailed,
  starting,
  stateChanged,
  terminated,
} from '../../daemon/service/log-messages.js';
import { oneLine } from '../../daemon/service/log-text.js';
import { claimPidFile } from '../../daemon/service/pid-file.js';
import { ipv4, port } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../../daemon/wire/ipv6.js';
import { temporaryFolder } from './log-sockets.js';

const QUALIFIED: TunnelState = {
  name: 'qualified',
  address: parseIpv6('2001:0:cb00:710a:18f0:4454:39cc:9bfe') as Ipv6Address,
  mapped: { address: ipv4(0xc6336401), port: port(48043) },
  server: ipv4(0xcb00710a),
  secondary: ipv4(0xcb00710b),
  mtu: 1280,
  nat: { mapping: 'endpoint-independent', portPreserving: false },
};
const SILENT: TunnelState = {
  name: 'failed',
  reason: { code: 'server-silent', sentence: 'The Teredo server does not answer.' },
  retryIn: 5000,
};

interface Row {
  readonly event: string;
  readonly entry: LogEntry;
  readonly level: string;
  readonly line: RegExp;
  readonly fields?: Readonly<Record<string, string | number>>;
}

const ROWS: readonly Row[] = [
  {
    event: 'starting',
    entry: starting('miredo', '2.0.0', 'client'),
    level: 'notice',
    line: /^starting miredo 2\.0\.0 as client$/,
    fields: { VERSION: '2.0.0', MODE: 'client' },
  },
  {
    event: 'qualified',
    entry: only(stateChanged(undefined, QUALIFIED)),
    level: 'notice',
    line: /^qualified: address 2001:0:cb00:710a:18f0:4454:39cc:9bfe, .* MTU 1280$/,
    fields: {
      STATE: 'qualified',
      ADDRESS: '2001:0:cb00:710a:18f0:4454:39cc:9bfe',
      MAPPED: '198.51.100.1:48043',
      SERVER: '203.0.113.10',
      MTU: 1280,
    },
  },
  {
    event: 'lost',
    entry: stateChanged(QUALIFIED, SILENT)[0] as LogEntry,
    level: 'warning',
    line: /^lost: 2001:0:cb00:710a:18f0:4454:39cc:9bfe no longer works$/,
    fields: { ADDRESS: '2001:0:cb00:710a:18f0:4454:39cc:9bfe' },
  },
  {
    event: 'failed',
    entry: stateChanged(QUALIFIED, SILENT)[1] as LogEntry,
    level: 'warning',
    line: /^failed: The Teredo server does not answer\. Next try in 5 s\.$/,
    fields: { STATE: 'failed', REASON: 'server-silent', RETRY_IN: 5 },
  },
  {
    event: 'signal',
    entry: signalReceived('SIGTERM'),
    level: 'notice',
    line: /^ending on SIGTERM$/,
    fields: { SIGNAL: 'SIGTERM' },
  },
  { event: 'terminated', entry: terminated('miredo', 0), level: 'notice', line: /^miredo has ended, nothing is left/ },
  { event: 'terminated', entry: terminated('miredo', 1), level: 'error', line: /exit code 1, for the reason above$/ },
  { event: 'reloading', entry: reloading('/etc/a'), level: 'notice', line: /^loading \/etc\/a again$/ },
  { event: 'reloaded', entry: reloaded([]), level: 'notice', line: /again, nothing has changed$/ },
  {
    event: 'reloaded',
    entry: reloaded(['ServerAddress', 'BindPort']),
    level: 'notice',
    line: /again, changed: ServerAddress, BindPort$/,
    fields: { CHANGED: 'ServerAddress BindPort' },
  },
  { event: 'reload-failed', entry: reloadFailed('/etc/a'), level: 'error', line: /from before stays in force$/ },
  { event: 'engine-ended', entry: engineEnded('SIGKILL', 500), level: 'error', line: /SIGKILL.* again in 0\.5 s$/ },
  { event: 'fault', entry: fault(new TypeError('odd')), level: 'error', line: /^fault .* report it: TypeError: odd/ },
];

function only(entries: LogEntry[]): LogEntry {
  assert.equal(entries.length, 1);
  return entries[0] as LogEntry;
}

/** What is true of every message. */
function check({ event, entry, level, line, fields = {} }: Row): void {
  const [entryLevel, message, entryFields = {}] = entry;
  assert.equal(entryLevel, level, message);
  assert.match(oneLine(message), line);
  assert.equal(entryFields['EVENT'], event);
  for (const [name, value] of Object.entries(fields)) assert.equal(entryFields[name], value, name);
  for (const name of Object.keys(entryFields)) assert.match(name, /^[A-Z][A-Z0-9_]{0,56}$/);
}

for (const row of ROWS) test(`${row.event}: ${row.line.source}`, () => check(row));

test('a state that follows another but "qualified" loses nothing', () => {
  assert.equal(stateChanged(SILENT, SILENT).length, 1);
  assert.equal(stateChanged(QUALIFIED, QUALIFIED).length, 1);
  assert.equal(stateChanged(QUALIFIED, { name: 'resolving', server: 'a.example' }).length, 2);
});

test('already running: names the process and the way out', (t) => {
  const path = `${temporaryFolder(t)}/pid`;
  const first = claimPidFile(path, 4711);
  assert.ok(first.ok);
  t.after(() => first.release());
  const claim = claimPidFile(path);
  assert.ok(!claim.ok);
  const line = /^Already running: process 4711 holds .+ name another file with -p/;
  check({ event: 'start-failed', entry: startFailed(claim), level: 'error', line, fields: { CODE: 'running' } });
});

test('cannot create the tunnel: names interface and reason', () => {
  const tun = openTun('lo');
  assert.ok(!tun.ok);
  const line = /^Cannot create TUN interface lo: .+/;
  check({ event: 'start-failed', entry: startFailed(tun), level: 'error', line, fields: { CODE: tun.errno } });
});

test('cannot bind: names address, port and remedy', () => {
  const udp = openUdp({ address: ipv4(0xcb007163), port: port(0) });
  assert.ok(!udp.ok);
  const line = /^Cannot bind UDP port 0 of 203\.0\.113\.99: no interface of this host has/;
  check({
    event: 'start-failed',
    entry: startFailed(udp),
    level: 'error',
    line,
    fields: { CODE: 'EADDRNOTAVAIL' },
  });
});

test('server unresolvable: names it, and says that we go on', async () => {
  const result = await resolveIpv4('no-such-host.invalid');
  assert.ok(!result.ok);
  const entry = serverUnresolvable('no-such-host.invalid', result.sentence, 4000);
  const fields = { SERVER_NAME: 'no-such-host.invalid' };
  check({ event: 'server-unresolvable', entry, level: 'warning', line: /\. Next try in 4 s\.$/, fields });
});
