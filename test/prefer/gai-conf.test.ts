/** What the step says that the C library prefers, against what the real one does, for many a gai.conf(5). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readGaiConf } from '../../daemon/prefer/gai-conf.js';
import { changeGaiConf } from '../../daemon/prefer/gai-file.js';
import { mapped } from '../../daemon/prefer/order.js';
import { judgePreference } from '../../daemon/service/diagnose/preference.js';
import { v4 } from '../protocol/rig.js';
import { enterNamespace } from '../support/namespace.js';
import { coverEtc } from '../support/private-etc.js';
import { address, ip } from '../support/tun.js';

const skip = enterNamespace(import.meta.url, ['--mount']);
const TEREDO = '2001:0:cb00:710a:0:3f57:39ce:9bf5';
const PRIVATE = '192.168.1.2';
/** One host with both, as the step imagines it. */
const NAME = 'both.example';

if (skip === false) {
  coverEtc();
  writeFileSync('/etc/hosts', `127.0.0.1 localhost\n8.8.8.8 ${NAME}\n2600::1 ${NAME}\n`);
  writeFileSync('/etc/nsswitch.conf', 'hosts: files\n');
  ip('link', 'add', 'net0', 'type', 'veth', 'peer', 'name', 'net1');
  for (const end of ['net0', 'net1']) ip('link', 'set', end, 'addrgenmode', 'none', 'up');
  ip('address', 'add', `${PRIVATE}/24`, 'dev', 'net0');
  ip('route', 'add', 'default', 'via', '192.168.1.1');
  ip('address', 'add', `${TEREDO}/32`, 'dev', 'net0', 'nodad');
  ip('-6', 'route', 'add', 'default', 'dev', 'net0');
}

const adviceOn = (content: string): string =>
  judgePreference(readGaiConf(content), address(TEREDO), mapped(v4(PRIVATE))).command ?? '';
const FEW_LABELS = 'label ::1/128 0\nlabel ::/0 1\nlabel ::ffff:0:0/96 4\n';

const CASES: readonly (readonly [name: string, content: string, isTunnelFirst: boolean])[] = [
  ['no line at all', '', false],
  ['comments only', '#label 2001:0::/32 1\n # precedence ::/0 100\n', false],
  ['labels without one for Teredo', FEW_LABELS, true],
  ['labels with one for Teredo', `${FEW_LABELS}label 2001:0::/32 7\n`, false],
  ['one label, that of Teredo, and nothing for IPv4', 'label 2001::/32 7\n', false],
  ['one label for all, and no other', 'label ::/0 1\n', true],
  ['one label for IPv4 only', 'label ::ffff:0:0/96 4\n', true],
  ['an added precedence replaces the table', 'precedence ::ffff:0:0/96 100\n', false],
  ['precedence for IPv6, labels as they are', 'precedence ::/0 100\nprecedence ::ffff:0:0/96 10\n', false],
  ['labels mended, but IPv4 before', `${FEW_LABELS}precedence ::ffff:0:0/96 100\n`, false],
  ['labels mended, and IPv6 before', `${FEW_LABELS}precedence ::/0 50\nprecedence ::ffff:0:0/96 10\n`, true],
  ['labels mended, and one precedence, so that the others are gone', `${FEW_LABELS}precedence 2001::/32 5\n`, false],
  ['labels mended, all of one precedence', `${FEW_LABELS}precedence ::/0 40\n`, false],
  ['tabs, capitals and a comment behind', 'label\t2001::/32\t1 # mine\nlabel ::/0 1\nlabel ::FFFF:0:0/96 4\n', true],
  ['a line that makes no sense', 'label nonsense 1\n', false],
  ['no value', 'label ::/0\n', true],
  ['a sign', 'label ::/0 +1\n', true],
  ['a number too large', 'label ::/0 99999999999\n', false],
  ['a length too large', 'label ::/200 1\n', false],
  ['a length that is none', 'label ::/0x0 1\n', false],
  ['an address of IPv4', 'label 8.8.8.8 1\n', false],
  ['a value that makes no sense', 'label 2001::/32 x\n', false],
];

function cLibrarySays(): boolean {
  const lines = execFileSync('getent', ['ahosts', NAME], { encoding: 'utf8' }).split('\n');
  return (lines[0] ?? '').startsWith('2600::1');
}

for (const [name, content, isTunnelFirst] of CASES) {
  test(`gai.conf: ${name}`, { skip }, () => {
    writeFileSync('/etc/gai.conf', content);
    const { facts, verdict, remedy } = judgePreference(readGaiConf(content), address(TEREDO), mapped(v4(PRIVATE)));
    assert.deepEqual([cLibrarySays(), facts?.['preferred']?.value], [isTunnelFirst, isTunnelFirst]);
    assert.deepEqual([verdict, remedy === undefined], isTunnelFirst ? ['ok', true] : ['warning', false]);
  });
}

for (const [name, content] of [
  ['an empty file', ''],
  ['precedences as they are built in', 'precedence ::/0 40\nprecedence ::ffff:0:0/96 10\n'],
] as const) {
  test(`the command that is advised does it, with ${name}`, { skip }, () => {
    writeFileSync('/etc/gai.conf', content);
    assert.equal(cLibrarySays(), false);
    assert.equal(adviceOn(content), 'miredoctl prefer on');
    assert.deepEqual(changeGaiConf(true), { ok: true, isChanged: true });
    assert.equal(cLibrarySays(), true);
    assert.deepEqual(changeGaiConf(false), { ok: true, isChanged: true });
    assert.equal(cLibrarySays(), false);
    assert.equal(readFileSync('/etc/gai.conf', 'utf8'), content);
  });
}

test('no command is advised that would not do it', () => {
  assert.equal(adviceOn('precedence ::ffff:0:0/96 100\n'), '');
  assert.equal(adviceOn('label 2001::/32 7\n'), '');
});
