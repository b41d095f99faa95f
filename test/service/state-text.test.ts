/** The line of each state: people read it, and so do scripts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SENTENCES } from '../../daemon/protocol/reasons.js';
import type { Reason, ReasonCode, TunnelState } from '../../daemon/protocol/tunnel-state.js';
import { describeState } from '../../daemon/service/state-text.js';
import { endpoint, v4, v6 } from '../protocol/rig.js';

const reason = (code: ReasonCode): Reason => ({ code, sentence: SENTENCES[code] });

const QUALIFIED: TunnelState = {
  name: 'qualified',
  address: v6('2001:0:cb00:710a:18f0:4454:39cc:9bfe'),
  mapped: endpoint('198.51.100.1', 48043),
  server: v4('203.0.113.10'),
  secondary: v4('203.0.113.11'),
  mtu: 1280,
  nat: { mapping: 'endpoint-independent', portPreserving: false },
};

const cases: readonly (readonly [state: TunnelState, line: string])[] = [
  [{ name: 'stopped', reason: reason('user') }, 'stopped: The tunnel was stopped on request.'],
  [
    { name: 'waiting', reason: reason('no-network') },
    'waiting: There is no IPv4 network yet; the tunnel starts when there is one.',
  ],
  [{ name: 'resolving', server: 'teredo.example' }, 'resolving teredo.example'],
  [{ name: 'qualifying', attempt: 2, server: v4('203.0.113.10') }, 'qualifying with server 203.0.113.10 (attempt 2)'],
  [
    QUALIFIED,
    'qualified: address 2001:0:cb00:710a:18f0:4454:39cc:9bfe, mapped 198.51.100.1:48043, server 203.0.113.10, MTU 1280',
  ],
  [
    { name: 'failed', reason: reason('server-lost'), retryIn: 7500 },
    'failed: The Teredo server stopped answering. Next try in 7.5 s.',
  ],
];

for (const [state, line] of cases) test(state.name, () => assert.equal(describeState(state), line));

test('every reason is a whole sentence, on one line', () => {
  for (const code of Object.keys(SENTENCES) as ReasonCode[]) {
    assert.match(describeState({ name: 'waiting', reason: reason(code) }), /^waiting: [A-Z][^\n]*\.$/);
  }
});
