/** A diagnosis behind NATs, with a server and a relay far away: what people are told of them. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createLab, type Lab } from '../lab/lab.js';
import type { NatType } from '../lab/nat.js';
import { diagnose, expect } from './asking.js';
import { ctl } from './ctl-program.js';
import { enterBusStage, property, provideBus, waitForName } from './private-bus.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 180_000 };

async function labWith(t: TestContext, nat: NatType): Promise<Lab> {
  const lab = await createLab({ nats: [nat] });
  t.after(() => lab.dispose());
  await lab.startServer('ours');
  return lab;
}

/** One of the native hosts is asked whether the IPv6 Internet answers. */
const config = (lab: Lab) => ({ Ipv6TestAddress: lab.host.ipv6[0] ?? '' });

describe('behind a NAT', OPTIONS, () => {
  provideBus();

  test('with a relay: the IPv6 Internet answers', async (t) => {
    const lab = await labWith(t, 'port-restricted');
    await lab.startRelay('ours');
    await lab.startClient(0, 'ours', { config: config(lab) });
    await waitForName('org.miredo');
    const step = await diagnose(t);
    expect(step('network'), 'ok', /192\.168\.1\.2 and a route to the server/);
    expect(step('server'), 'ok', /both of its addresses/);
    expect(step('nat'), 'ok', /a NAT that Teredo can pass: .* lets in only answers/);
    expect(step('qualified'), 'ok', /2001:0:/);
    expect(step('relay'), 'ok', /answers through a relay/);
    assert.match(await property('Nat'), /"filtering" s "dependent"/, 'what was learnt is told to all');
    const { code, stdout } = await ctl('diagnose');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^Qualified: +yes\nThe IPv6 Internet answers: +yes$/m);
    assert.match(stdout, /browsers and others take IPv4/, 'why does my browser not use it?');
  });

  test('that lets in everything, and no relay', async (t) => {
    const lab = await labWith(t, 'full-cone');
    await lab.startClient(0, 'ours', { config: config(lab) });
    await waitForName('org.miredo');
    const step = await diagnose(t);
    expect(step('nat'), 'ok', /whoever knows the mapping \(cone\)/);
    expect(step('relay'), 'failed', /does not answer/);
    const { code, stdout } = await ctl('diagnose');
    assert.equal(code, 9);
    assert.match(stdout, /^Qualified: +yes\nThe IPv6 Internet answers: +no$/m);
  });

  test('that is symmetric, which is said plainly', async (t) => {
    const lab = await labWith(t, 'symmetric');
    lab.launchClient(0, 'ours', { config: config(lab) });
    await waitForName('org.miredo');
    const step = await diagnose(t);
    expect(step('server'), 'ok', /both of its addresses/);
    expect(step('nat'), 'failed', /The NAT is symmetric: .* Teredo cannot work through it\./);
    assert.notEqual(step('qualified').verdict, 'ok');
    const { code, stdout } = await ctl('diagnose');
    assert.equal(code, 9);
    assert.match(stdout, /because it is not up\.\nThe NAT is symmetric/);
  });
});
