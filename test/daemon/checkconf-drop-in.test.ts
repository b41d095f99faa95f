/**
 * miredo-checkconf beside the C program of that name, on one table of files.
 *
 * A file that the C program accepts and its daemon runs with is an error for ours only for a reason that stands in the
 * table. What the C daemon does was observed with miredo 1.2.6 in a network namespace.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkFile } from '../../daemon/service/checkconf.js';
import { run } from '../lab/command.js';
import { missingSentence } from '../lab/needed-programs.js';
import { CHECKCONF_PROGRAM } from './checkconf-program.js';

type Verdict = 'fine' | 'warning' | 'error';

interface Row {
  readonly text: string;
  readonly theirs: 'fine' | 'error';
  readonly ours: Verdict;
  /** Why ours finds an error where the C program finds none. */
  readonly reason?: string;
}

const CLIENT = 'ServerAddress 203.0.113.1\n';
const RELAY = 'RelayType relay\n';

const fine = (text: string): Row => ({ text, theirs: 'fine', ours: 'fine' });
const both = (text: string): Row => ({ text, theirs: 'error', ours: 'error' });
const missed = (text: string, reason: string): Row => ({ text, theirs: 'fine', ours: 'error', reason });
/** Ours goes on where the C program's check does not. */
const milder = (text: string, ours: 'fine' | 'warning' = 'warning'): Row => ({ text, theirs: 'error', ours });
const stricter = (text: string): Row => ({ text, theirs: 'fine', ours: 'warning' });

const NEVER_WORKS = 'the C daemon starts, and never gets an answer';
const DOES_NOT_START = 'the C daemon does not start with it';
const SHORT_FORM = 'a short or numeric form of an address is far more often a typing error';
const ROUTES_NOTHING = 'the C relay starts and routes what no Teredo client has';
const QUOTES = 'quotes are part of the syntax now';

const TABLE: readonly Row[] = [
  fine(CLIENT),
  fine('serveraddress 203.0.113.1\n'),
  fine('  ServerAddress\t203.0.113.1  # comment\n'),
  fine('ServerAddress 203.0.113.1\r\n\r\n'),
  fine('#c\n\n  \t\nServerAddress 203.0.113.1\n'),
  fine('ServerAddress localhost\n'),
  fine(`${CLIENT}\f\n`),
  milder('ServerAddress 203.0.113.1', 'fine'),
  milder(`\ufeff${CLIENT}`, 'fine'),
  both(''),
  both('RelayType client\n'),
  stricter('ServerAddress 203.0.113.1 203.0.113.2\n'),
  milder(`${CLIENT}Bogus 1\n`),
  milder(`${CLIENT}${CLIENT}`),
  milder(`;c\n${CLIENT}`),
  both('ServerAddress=203.0.113.1\n'),
  ...['10.0.0.1', '192.168.1.1', '172.31.0.1', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255'].flatMap(
    (address) => [
      missed(`ServerAddress ${address}\n`, NEVER_WORKS),
      missed(`${CLIENT}ServerAddress2 ${address}\n`, NEVER_WORKS),
    ],
  ),
  both('ServerAddress 0.0.0.0\n'),
  missed(`${CLIENT}ServerAddress2 0.0.0.0\n`, NEVER_WORKS),
  missed('ServerAddress 8.8.8\n', SHORT_FORM),
  missed('ServerAddress 134744072\n', SHORT_FORM),
  both('ServerAddress ::1\n'),
  fine(`${CLIENT}ServerAddress2 203.0.113.9\n`),

  ...['client', 'autoclient', 'Client', 'AUTOCLIENT'].map((type) => fine(`${CLIENT}RelayType ${type}\n`)),
  ...['relay', 'cone', 'restricted', 'Cone'].map((type) => fine(`RelayType ${type}\n`)),
  ...['disabled', 'server', '""'].map((type) => both(`${CLIENT}RelayType ${type}\n`)),
  milder(`${RELAY}${CLIENT}`),
  milder(`${RELAY}ServerAddress2 203.0.113.2\n`),
  milder(`${CLIENT}InterfaceMTU 1280\n`),
  milder(`${CLIENT}Prefix 2001::\n`),
  milder(`${CLIENT}IgnoreConeBit yes\n`),
  milder(`${CLIENT}DefaultRoute yes\n`),
  milder(`${CLIENT}ServerBindAddress 203.0.113.1\n`),

  ...['0', '3545', '0xdd9', '+5', '65535'].map((port) => fine(`${CLIENT}BindPort ${port}\n`)),
  stricter(`${CLIENT}BindPort 010\n`),
  stricter(`${CLIENT}BindPort 12 13\n`),
  ...['-1', '65536', '4294967296', 'abc', '12abc', '3545.0', '08'].map((port) => both(`${CLIENT}BindPort ${port}\n`)),
  milder(`${CLIENT}BindPort "3545"\n`, 'fine'),
  milder(`${CLIENT}BindPort\n`),

  ...['203.0.113.7', '0.0.0.0', '10.0.0.1'].map((address) => fine(`${CLIENT}BindAddress ${address}\n`)),
  missed(
    `${CLIENT}BindAddress localhost\n`,
    'an address is wanted: names cannot be looked up before there is a network',
  ),
  missed(`${CLIENT}BindAddress 203.0.113\n`, SHORT_FORM),
  missed(`${CLIENT}BindAddress 224.0.0.1\n`, NEVER_WORKS),
  both(`${CLIENT}BindAddress ::1\n`),

  ...['teredo', 'abcdefghijklmno', 'teredo%d'].map((name) => fine(`${CLIENT}InterfaceName ${name}\n`)),
  ...['abcdefghijklmnop', 'a/b', 'a:b', '..', 'lo'].map((name) =>
    missed(`${RELAY}InterfaceName ${name}\n`, DOES_NOT_START),
  ),
  missed(`${RELAY}InterfaceName ""\n`, QUOTES),
  missed(`${RELAY}InterfaceName "x\n`, QUOTES),
  ...['é', '?', 'a+b', '-x'].map((name) =>
    missed(`${RELAY}InterfaceName ${name}\n`, 'such a name is misread by programs and scripts that are given it'),
  ),
  stricter(`${RELAY}InterfaceName a b\n`),

  ...['1280', '1500', '0x500', '65507'].map((mtu) => fine(`${RELAY}InterfaceMTU ${mtu}\n`)),
  stricter(`${RELAY}InterfaceMTU 02400\n`),
  ...['100', '1279', '0'].map((mtu) => missed(`${RELAY}InterfaceMTU ${mtu}\n`, DOES_NOT_START)),
  missed(`${RELAY}InterfaceMTU 65535\n`, 'no UDP datagram holds a packet of more than 65,507 bytes'),
  ...['-1', '65536', '1280x', '9999999999'].map((mtu) => both(`${RELAY}InterfaceMTU ${mtu}\n`)),

  ...['2001::', '2001:0::', '2001:0000::', '3ffe:831f::'].map((prefix) => fine(`${RELAY}Prefix ${prefix}\n`)),
  stricter(`${RELAY}Prefix 2001::1\n`),
  ...['fe80::', 'ff00::', '::', '::1'].map((prefix) => missed(`${RELAY}Prefix ${prefix}\n`, ROUTES_NOTHING)),
  both(`${RELAY}Prefix 192.0.2.1\n`),

  ...['daemon', 'DAEMON', 'local0', 'local7', 'kern', 'user', 'auth', 'authpriv', 'uucp', 'ftp'].map((facility) =>
    fine(`${CLIENT}SyslogFacility ${facility}\n`),
  ),
  ...['LOG_DAEMON', 'local8', '24'].map((facility) => milder(`${CLIENT}SyslogFacility ${facility}\n`)),
];

let folder = '';
let file = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miredo-drop-in-'));
  file = join(folder, 'miredo.conf');
});

after(() => rmSync(folder, { recursive: true }));

function verdictOf(text: string): Verdict {
  writeFileSync(file, text);
  const severities = checkFile(file).map(({ severity }) => severity);
  if (severities.includes('error')) return 'error';
  return severities.length > 0 ? 'warning' : 'fine';
}

const missing = missingSentence(['c-miredo']);

describe('the table of files', () => {
  it('holds no file twice, and no error without a reason where the C program finds none', () => {
    const texts = TABLE.map(({ text }) => text);
    assert.equal(new Set(texts).size, texts.length);
    const unreasoned = TABLE.filter((row) => row.theirs === 'fine' && row.ours === 'error' && !row.reason);
    assert.deepEqual(unreasoned, []);
  });

  it('is what ours says', () => {
    for (const { text, ours } of TABLE) assert.equal(verdictOf(text), ours, JSON.stringify(text));
  });

  it('is what the C program says', { skip: missing ?? false }, async () => {
    for (const { text, theirs } of TABLE) {
      writeFileSync(file, text);
      const { code, stderr } = await run(['/usr/sbin/miredo-checkconf', file]);
      assert.equal(code === 0 ? 'fine' : 'error', theirs, `${JSON.stringify(text)}\n${stderr}`);
    }
  });

  it('gives the call of the C program’s unit the same result where that starts', async () => {
    for (const { text, theirs, ours } of TABLE.filter((row) => row.theirs === 'fine' && row.ours === 'warning')) {
      writeFileSync(file, text);
      const { code } = await run([CHECKCONF_PROGRAM, '-f', file]);
      assert.equal(code, 0, `${theirs} ${ours} ${JSON.stringify(text)}`);
    }
  });
});
