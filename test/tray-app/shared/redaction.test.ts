import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Redactor } from '../../../tray-app/shared/redaction.js';

const redact = (text: string, names: readonly string[] = []): string => new Redactor(names).redact(text);

/** Text, and what must not be found in what comes out, whatever its case. */
const HIDDEN: readonly (readonly [text: string, ...secrets: string[]])[] = [
  ['address 2001:0:5ef5:79fb:3c4b:f5ff:3fff:fdd3.', '5ef5', 'fdd3', '3fff'],
  ['(2001:0000:5EF5:79FB:0000:63BF:3FFF:FDD2)', '5ef5', 'fdd2'],
  ['server192.0.2.45silent', '192.0.2', '45'],
  ['mapped to 198.51.100.7:40123, port kept', '198.51', '100.7'],
  ['[2001:db8::17]:3544', 'db8', '17'],
  ['via fe80::a00:27ff:fe4e:66a1%enp3s0 lost', 'a00', '66a1', 'enp3s0'],
  ['::ffff:203.0.113.9 spoke', '203.0', '113.9'],
  ['link/ether 52:54:00:ab:cd:ef brd', '52:54', 'cd:ef'],
  ['52-54-00-AB-CD-EF and 5254.00ab.cdef', '52-54', 'cdef', '5254'],
  ['p5dd1-203-0-113-77.dip.example.net', '203-0', '113-77'],
  ['77.113.0.203.in-addr.arpa has no name', '77.113'],
  ['7.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa', '8.b.d.0'],
  ['00: 20010db8000000000000000000000017 40', '20010db8', '0017'],
  ['cut at the end: 2001:0:5ef5:79fb:3c4', '5ef5', '3c4'],
  ['http://%5B2001%3Adb8%3A%3A17%5D/', 'db8'],
  ['2001\u200b:db8\u202e::1\u2060 7', 'db8'],
  ['192\u3002168\u30021\u30029 and １９２.168.1.9', '168.1', '1.9'],
  ['2001-db8--17.ipv6.example.net', 'db8'],
  ['<b>203.0.113.5</b>&#x200b;', '203.0'],
  ['10.0.0.1/24,10.0.0.2/24', '10.0.0'],
  ['addr=010.000.000.001;', '010.000'],
  ['a 2001:0:5ef5:79fb::1;b 2001:0:5ef5:79fb::2', '5ef5'],
];

for (const [text, ...secrets] of HIDDEN) {
  test(`hides: ${text.replace(/[^\x20-\x7e]/g, '?')}`, () => {
    const result = redact(text).toLowerCase();
    for (const secret of secrets) assert.ok(!result.includes(secret), `${secret} in ${result}`);
  });
}

/** What is of use to who reads the report, and tells nothing of anybody. */
const KEPT = [
  'at 14:03:22 on 2026-11-24',
  'UDP port 3544 is blocked (RFC 4380 §5.2.1)',
  'a route to 2001::/32, default ::/0',
  'org.miredo.Error.Failed: server-silent',
  'listening on [::] and 127.0.0.1',
  'MTU 1280, 12 dropped: not-for-us',
  'Version 2.0.0-alpha.1',
];

for (const text of KEPT) test(`keeps: ${text}`, () => assert.equal(redact(text), text));

test('equal addresses have the same number, others another; Teredo addresses say that they are', () => {
  const redactor = new Redactor([]);
  assert.equal(redactor.redact('192.0.2.1 192.0.2.2 192.0.2.1'), '[IPv4 1] [IPv4 2] [IPv4 1]');
  assert.equal(redactor.redact('now 192.0.2.2'), 'now [IPv4 2]');
  assert.equal(redactor.redact('2001:0:5ef5:79fb::1'), '[Teredo 1]');
});

test('hides names that are given, inside of texts too, and the longer one first', () => {
  const names = ['192.0.2.9', 'teredo.example.org', 'eu.teredo.example.org', 'home', 'a.b*c'];
  const result = redact(
    'Eu.Teredo.Example.Org:3544 and "teredo.example.org"; home, but homeless; a.b*c; 192.0.2.9',
    names,
  );
  assert.equal(result, '[server 1]:3544 and "[server 2]"; [server 3], but homeless; [server 4]; [IPv4 1]');
});

const octet = fc.integer({ min: 0, max: 255 });
const word = fc.stringMatching(/^[g-zG-Z ,;()"'<>=]{0,12}$/);
const group = fc.integer({ min: 0x100, max: 0xffff }).map((value) => value.toString(16));

test('no IPv4 address is left of any text', () => {
  fc.assert(
    fc.property(
      word,
      fc.tuple(fc.integer({ min: 1, max: 126 }), octet, octet, octet),
      word,
      (before, octets, after) => {
        const address = octets.join('.');
        fc.pre(address !== '127.0.0.1');
        assert.ok(!redact(before + address + after).includes(address));
      },
    ),
  );
});

test('no group of an IPv6 address is left of any text, compressed or cut or not', () => {
  const groups = fc.array(group, { minLength: 4, maxLength: 8 });
  fc.assert(
    fc.property(word, groups, fc.boolean(), word, (before, parts, isCut, after) => {
      const isWhole = parts.length === 8;
      const address =
        isWhole || isCut ? parts.join(':') : `${parts.slice(0, 2).join(':')}::${parts.slice(2).join(':')}`;
      const result = redact(before + address + after);
      for (const part of parts) assert.ok(!result.includes(part), `${part} of ${address} in ${result}`);
    }),
  );
});

test('a text made to be slow is not', { timeout: 5000 }, () => {
  for (const unit of ['1:', '1.', ':', 'a-', '1-', '%3A', '255.255.255.']) redact(unit.repeat(20_000));
});
