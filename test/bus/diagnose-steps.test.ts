/** Each step of a diagnosis, as it should be and as it should not, with the real daemon on a real, or broken, network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { PRIMARY, type Running, SECONDARY, Stage } from '../daemon/stage.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { ip } from '../support/tun.js';
import { diagnose, expect } from './asking.js';
import { call, enterBusStage, provideBus } from './private-bus.js';
import { NO_IPV6_TEST, startTunnel } from './tunnel.js';

const OPTIONS = {
  skip: enterBusStage(import.meta.url, [], () => {
    if (!isForeignRoot()) coverEtc();
  }),
  timeout: 300_000,
};
const SILENT = '203.0.113.99';
const NAME = 'teredo.example.test';
const HOSTS = '127.0.0.1 localhost\n';

const nft = (rules: string): void => void execFileSync('nft', ['-f', '-'], { input: `${rules}\n` });
const chain = (hook: 'input' | 'output', rules: string): string =>
  `table inet ${hook} { chain c { type filter hook ${hook} priority 0; ${rules} }; }`;

async function startDaemon(t: TestContext, server: string, more = ''): Promise<Running> {
  const daemon = new Stage(t).start('miredo', { config: `ServerAddress ${server}\nInterfaceName teredo\n${more}` });
  await daemon.line(/on the message bus/);
  return daemon;
}

describe('the steps', OPTIONS, () => {
  provideBus();
  beforeEach(() => {
    nft('flush ruleset');
    writeFileSync('/etc/hosts', HOSTS);
    writeFileSync('/etc/gai.conf', '');
    writeFileSync('/etc/resolv.conf', `nameserver ${SILENT}\noptions timeout:1 attempts:1\n`);
  });

  test('all that can be in order without a relay', async (t) => {
    await startTunnel(t);
    nft(chain('input', 'ct state established,related accept; iifname "teredo" drop;'));
    const step = await diagnose(t);
    expect(step('network'), 'ok', /203\.0\.113\.10 and a route to the server/);
    expect(step('dns'), 'skipped', /no name is needed/);
    expect(step('udp'), 'ok', /203\.0\.113\.10 answered/);
    expect(step('server'), 'ok', /both of its addresses/);
    expect(step('nat'), 'ok', /There is no NAT/);
    expect(step('qualified'), 'ok', /its address is 2001:0:cb00:710a:/);
    expect(step('relay'), 'failed', /does not answer/);
    expect(step('preference'), 'warning', /IPv4/);
    expect(step('network-manager'), 'skipped', /does not run/);
    expect(step('mtu'), 'ok', /1280/);
    expect(step('firewall'), 'ok', /refuses what comes in by teredo/);
  });

  test('preferred, native IPv6 beside it, another MTU, no firewall', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    writeFileSync('/etc/gai.conf', 'label ::/0 1\nlabel ::ffff:0:0/96 4\n');
    ip('link', 'set', 'teredo', 'mtu', '1400');
    const [changed, outer] = [await diagnose(t), '1300'];
    expect(changed('preference'), 'ok', /use the tunnel for every name/);
    expect(changed('mtu'), 'failed', /MTU of 1400 bytes, and the tunnel 1280/);
    expect(changed('firewall'), 'warning', /reaches every service/);
    ip('link', 'set', 'teredo', 'mtu', '1280');
    ip('link', 'set', 'eth0', 'mtu', outer);
    ip('address', 'add', '2001:db8::7/64', 'dev', 'eth0', 'nodad');
    t.after(() => {
      ip('link', 'set', 'eth0', 'mtu', '1500');
      ip('address', 'flush', 'dev', 'eth0', 'to', '2001:db8::/64');
    });
    // An address without a way to the Internet is not native IPv6: that of a lab, say.
    expect((await diagnose(t))('preference'), 'ok', /use the tunnel for every name/);
    ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1');
    const native = await diagnose(t);
    expect(native('preference'), 'ok', /IPv6 of its own/);
    expect(native('mtu'), 'warning', /do not fit into the 1300 bytes of eth0/);
  });

  test('a name that is found, and one that is not', async (t) => {
    await new Stage(t).startServer();
    writeFileSync('/etc/hosts', `${HOSTS}${PRIMARY} ${NAME}\n`);
    const daemon = await startDaemon(t, NAME, NO_IPV6_TEST);
    await daemon.line(/qualified: /);
    const found = await diagnose(t);
    expect(found('dns'), 'ok', /teredo\.example\.test is 203\.0\.113\.10/);
    writeFileSync('/etc/hosts', HOSTS);
    nft(`table ip dns {
      counter root { }
      counter other { }
      chain c {
        type filter hook output priority 0
        udp dport 53 meta skuid 0 counter name root
        udp dport 53 meta skuid != 0 counter name other
      }
    }`);
    const lost = await diagnose(t);
    expect(lost('dns'), 'failed', /has no IPv4 address, or no name server answers/);
    expect(lost('udp'), 'skipped', /No server could be asked/);
    expect(lost('server'), 'failed', /cannot be asked/);
    expect(lost('nat'), 'skipped', /No server answers/);
    const counters = execFileSync('nft', ['list', 'counters'], { encoding: 'utf8' });
    assert.match(counters, /counter root \{\s+packets 0 /, 'names are not asked for as root');
    assert.doesNotMatch(counters, /counter other \{\s+packets 0 /);
  });

  test('UDP is blocked on this computer', async (t) => {
    await new Stage(t).startServer();
    nft(chain('output', 'udp dport 3544 drop;'));
    await startDaemon(t, PRIMARY);
    assert.equal((await call('root', 'AddServer', 'sa{sv}', 'other', '1', 'primary', 's', SILENT)).code, 0);
    const step = await diagnose(t);
    expect(step('udp'), 'failed', /2 servers asked/);
    assert.match(step('udp').remedy ?? '', /firewall/);
    expect(step('server'), 'failed', /does not answer/);
    expect(step('nat'), 'skipped', /No server answers/);
    assert.notEqual(step('qualified').verdict, 'ok');
    expect(step('relay'), 'skipped', /only when the tunnel is qualified/);
    expect(step('mtu'), 'skipped', /only when the tunnel is qualified/);
    await call('root', 'RemoveServer', 's', 'other');
  });

  test('the server is dead, and it is the only one', async (t) => {
    await startDaemon(t, SILENT);
    const step = await diagnose(t);
    expect(step('udp'), 'failed', /1 server asked/);
    assert.match(step('udp').remedy ?? '', /Either this server is down, or a firewall/);
    expect(step('server'), 'failed', /203\.0\.113\.99 does not answer/);
  });

  test('the server is dead, and another one is not', async (t) => {
    await new Stage(t).startServer();
    await startDaemon(t, SILENT);
    assert.equal((await call('root', 'AddServer', 'sa{sv}', 'other', '1', 'primary', 's', PRIMARY)).code, 0);
    const step = await diagnose(t);
    expect(step('udp'), 'ok', /other answered/);
    expect(step('server'), 'failed', /203\.0\.113\.99 does not answer/);
    assert.match(step('server').command ?? '', /miredoctl server auto/);
    await call('root', 'RemoveServer', 's', 'other');
  });

  test("one of the server's addresses is dead", async (t) => {
    await new Stage(t).startServer();
    nft(chain('output', `ip daddr ${SECONDARY} udp dport 3544 drop;`));
    await startDaemon(t, PRIMARY);
    const second = await diagnose(t);
    expect(second('server'), 'failed', /answers, but not from its secondary address/);
    assert.match(second('server').remedy ?? '', /ServerAddress2/);
    nft(`flush ruleset\n${chain('output', `ip daddr ${PRIMARY} udp dport 3544 drop;`)}`);
    const first = await diagnose(t);
    expect(first('udp'), 'ok', /answered/);
    expect(first('server'), 'failed', /answers, but not from its primary address/);
  });

  test('stopped', async (t) => {
    await startTunnel(t, NO_IPV6_TEST);
    assert.equal((await call('root', 'Stop')).code, 0);
    const step = await diagnose(t);
    expect(step('qualified'), 'failed', /[Ss]topped/);
    assert.equal(step('qualified').command, 'miredoctl start');
    expect(step('server'), 'ok', /both of its addresses/);
  });

  test('no network: neither an address nor a route', async (t) => {
    await startDaemon(t, SILENT);
    ip('address', 'flush', 'dev', 'eth0');
    t.after(() => {
      for (const address of [PRIMARY, SECONDARY]) ip('address', 'add', `${address}/24`, 'dev', 'eth0');
    });
    const without = await diagnose(t);
    expect(without('network'), 'failed', /no IPv4 address/);
    expect(without('server'), 'failed', /cannot be asked/);
    ip('address', 'add', '192.168.7.7/32', 'dev', 'eth0');
    const lonely = await diagnose(t);
    expect(lonely('network'), 'failed', /192\.168\.7\.7, but no route to the server/);
    ip('address', 'delete', '192.168.7.7/32', 'dev', 'eth0');
  });
});
