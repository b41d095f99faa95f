/** Names to IPv4 addresses, with what the host knows by itself: no test asks a name server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveIpv4 } from '../../daemon/io/resolver.js';
import { LOOPBACK } from '../support/loopback.js';

test('a dotted quad is its own answer, whatever it is', async () => {
  assert.deepEqual(await resolveIpv4('192.0.2.1'), { ok: true, address: 0xc0000201 });
  assert.deepEqual(await resolveIpv4('0.0.0.0'), { ok: true, address: 0 });
});

test('a name out of the hosts file', async () => {
  assert.deepEqual(await resolveIpv4('localhost'), { ok: true, address: LOOPBACK });
});

test('a name that cannot exist is a failure with a sentence, not an exception; nor is one that looks like an option', async () => {
  // RFC 6761 §6.4: "invalid" never resolves.
  for (const host of ['no-such-host.invalid', '', '--help', '-s', 'a b']) {
    const result = await resolveIpv4(host);
    assert.ok(!result.ok);
    assert.equal(result.code, 'not-found');
    assert.match(result.sentence, /has no IPv4 address, or no name server answers/);
  }
});

test('the question is asked without privilege', {
  skip: process.geteuid?.() === 0 ? false : 'only root can become another user',
}, async () => {
  const result = await resolveIpv4('localhost', { user: { uid: 65534, gid: 65534 } });
  assert.deepEqual(result, { ok: true, address: LOOPBACK });
});

test('given up before and while it runs', async () => {
  const before = await resolveIpv4('localhost', { signal: AbortSignal.abort() });
  assert.ok(!before.ok);
  assert.equal(before.code, 'aborted');

  const controller = new AbortController();
  const running = resolveIpv4('localhost', { signal: controller.signal });
  controller.abort();
  const result = await running;
  assert.ok(!result.ok);
  assert.equal(result.code, 'aborted');
});
