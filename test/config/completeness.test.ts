/** No directive and no form of a value that the C programs know is unknown to ours. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { type MiredoSettings, parseMiredoConf } from '../../daemon/config/miredo-conf.js';
import { parseServerConf } from '../../daemon/config/server-conf.js';
import { FACILITIES } from '../../daemon/config/values.js';
import { run } from '../lab/command.js';
import { missingSentence } from '../lab/needed-programs.js';

const missing = missingSentence(['c-miredo']);
const skip = missing ?? false;

/** What a C program's binary holds that has the shape of a directive: one word, or words joined by capitals. */
function candidatesIn(program: string): string[] {
  const strings = readFileSync(program, 'latin1').match(/[\x20-\x7e]{4,}/g) ?? [];
  return [...new Set(strings)].filter((text) => /^([A-Z][a-z]+){1,4}\d?$|^[A-Z][a-z]+[A-Z]{3}$/.test(text));
}

/** Those of `names` that the C miredo-checkconf does not call superfluous in a file that begins with `head`. */
async function knownInMode(names: readonly string[], head: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-completeness-'));
  try {
    const file = join(folder, 'miredo.conf');
    writeFileSync(file, `${head}\n${names.map((name) => `${name} 1\n`).join('')}`);
    const { stderr } = await run(['/usr/sbin/miredo-checkconf', file]);
    const refused = new Set([...stderr.matchAll(/Superfluous directive (\S+) at line/g)].map(([, name]) => name));
    return names.filter((name) => !refused.has(name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const namesOf = (table: Readonly<Record<string, { readonly name: string }>>): string[] =>
  Object.values(table).map(({ name }) => name);

describe('directives', () => {
  it('holds every directive that the C miredo knows', { skip }, async () => {
    const candidates = candidatesIn('/usr/sbin/miredo-checkconf');
    assert.ok(candidates.includes('BindPort') && candidates.includes('InterfaceMTU'), candidates.join(' '));
    const ours = namesOf(MIREDO_DIRECTIVES);
    const others = candidates.filter((candidate) => !ours.includes(candidate));
    // BindPort is known to it, and a word that nobody knows is not: what tells that the question is put rightly.
    const client = await knownInMode(['BindPort', 'Nonsense', ...others], 'ServerAddress 8.8.8.8');
    const relay = await knownInMode(['BindPort', 'Nonsense', ...others], 'RelayType relay');
    assert.deepEqual([client, relay], [['BindPort'], ['BindPort']]);
  });

  it('holds every directive that the C miredo-server knows', { skip }, () => {
    const ours = namesOf(SERVER_DIRECTIVES);
    const directives = /^(Server|Bind|Interface|Syslog|Relay|Prefix|Ignore|Default)\w*$/;
    const theirs = candidatesIn('/usr/sbin/miredo-server').filter((name) => directives.test(name));
    assert.ok(theirs.includes('ServerBindAddress2'), theirs.join(' '));
    assert.deepEqual(
      theirs.filter((name) => !ours.includes(name)),
      [],
    );
  });

  it('takes the example files of the C programs', { skip }, () => {
    const client = readFileSync('/usr/share/doc/miredo/examples/miredo.conf', 'utf8');
    assert.deepEqual(parseMiredoConf('miredo.conf', client).faults, []);
    const server = readFileSync('/usr/share/doc/miredo-server/examples/miredo-server.conf', 'utf8');
    assert.deepEqual(parseServerConf('miredo-server.conf', server).faults, []);
  });

  it('reads the lines that the example files hold as comments', { skip }, () => {
    const example = readFileSync('/usr/share/doc/miredo/examples/miredo.conf', 'utf8');
    const lines = [...example.matchAll(/^#(\w+\s+[\w.:]+)$/gm)].map(([, line]) => line ?? '');
    assert.ok(lines.length >= 5, lines.join('\n'));
    for (const line of lines) {
      const mode = /^(Prefix|InterfaceMTU)/.test(line) ? 'RelayType relay' : 'ServerAddress 203.0.113.1';
      const text = /^ServerAddress\s|^RelayType/.test(line) ? `${line}\nServerAddress 203.0.113.1` : `${mode}\n${line}`;
      const faults = parseMiredoConf('f', text).faults.filter(({ code }) => code !== 'duplicate');
      assert.deepEqual(faults, [], line);
    }
  });
});

/** Settings of a relay with one more line, and the codes of the faults. */
function relayWith(line: string): { settings: MiredoSettings | undefined; faults: string[] } {
  const { settings, faults } = parseMiredoConf('f', `RelayType relay\n${line}\n`);
  return { settings, faults: faults.map(({ severity, code }) => `${severity} ${code}`) };
}

describe('obsolete directives', () => {
  for (const line of ['IgnoreConeBit no', 'IgnoreConeBit yes', 'IgnoreConeBit whatever', 'DefaultRoute no']) {
    it(`warns of ${line} and goes on`, () => {
      const { settings, faults } = relayWith(line);
      assert.deepEqual(faults, ['warning obsolete']);
      assert.equal(settings?.mode, 'relay');
    });
  }

  it('says what holds instead', () => {
    const [fault] = parseMiredoConf('f', 'RelayType relay\nIgnoreConeBit no\n').faults;
    assert.match(fault?.sentence ?? '', /IgnoreConeBit is obsolete and is ignored: the cone bit is always ignored/);
  });
});

describe('forms of values', () => {
  const ports: readonly (readonly [string, number | undefined, readonly string[]])[] = [
    ['3545', 3545, []],
    ['0', 0, []],
    ['+5', 5, []],
    ['0xdd9', 3545, []],
    ['0XDD9', 3545, []],
    ['010', 8, ['warning odd-value']],
    ['00', 0, ['warning odd-value']],
    ['65535', 65535, []],
    ['65536', undefined, ['error bad-value']],
    ['0x10000', undefined, ['error bad-value']],
    ['4294967296', undefined, ['error bad-value']],
    ['08', undefined, ['error bad-value']],
    ['-1', undefined, ['error bad-value']],
    ['0x', undefined, ['error bad-value']],
    ['12abc', undefined, ['error bad-value']],
    ['3545.0', undefined, ['error bad-value']],
    ['1e3', undefined, ['error bad-value']],
  ];
  for (const [text, port, expected] of ports) {
    it(`reads BindPort ${text} as ${port}`, () => {
      const { settings, faults } = relayWith(`BindPort ${text}`);
      assert.equal(settings?.bindPort, port);
      assert.deepEqual(faults, expected);
    });
  }

  it('knows every facility of syslog(3), in any case', () => {
    assert.equal(FACILITIES.length, 20);
    for (const facility of FACILITIES) {
      const { settings, faults } = relayWith(`SyslogFacility ${facility.toUpperCase()}`);
      assert.deepEqual(faults, []);
      assert.equal(settings?.syslogFacility, facility);
    }
  });

  it('starts with the usual facility when the named one is unknown', () => {
    const { settings, faults } = relayWith('SyslogFacility LOG_DAEMON');
    assert.equal(settings?.syslogFacility, 'daemon');
    assert.deepEqual(faults, ['warning odd-value']);
  });

  it('takes a prefix with bits behind the first 32, and says so', () => {
    const { settings, faults } = relayWith('Prefix 2001::1');
    assert.equal(settings?.mode === 'relay' && settings.prefix, 0x2001_0000);
    assert.deepEqual(faults, ['warning odd-value']);
  });

  it('passes over a directive without a value', () => {
    const { settings, faults } = relayWith('BindPort');
    assert.equal(settings?.bindPort, 0);
    assert.deepEqual(faults, ['warning missing-value']);
  });

  it('asks for a server when ServerAddress has no value', () => {
    const { settings, faults } = parseMiredoConf('f', 'ServerAddress\n');
    assert.equal(settings, undefined);
    assert.deepEqual(faults.map(({ code }) => code).sort(), ['missing-directive', 'missing-value']);
  });
});

describe('files mixed up', () => {
  it('names the file that a directive belongs in', () => {
    const inClient = parseMiredoConf('f', 'ServerAddress 8.8.8.8\nserverbindaddress 8.8.4.4\n').faults;
    assert.deepEqual(
      inClient.map(({ line, sentence }) => [line, sentence]),
      [[2, 'ServerBindAddress belongs in miredo-server.conf and is ignored here']],
    );
    const inServer = parseServerConf('f', 'ServerBindAddress 8.8.8.8\nBindPort 1\n').faults;
    assert.deepEqual(
      inServer.map(({ sentence }) => sentence),
      ['BindPort belongs in miredo.conf and is ignored here'],
    );
  });

  it('judges the other lines without a mode when RelayType is not to be understood', () => {
    const { settings, faults } = parseMiredoConf('f', 'RelayType foo\nInterfaceMTU 100\nBindPort x\n');
    assert.equal(settings, undefined);
    assert.deepEqual(
      faults.map(({ line, code }) => [line, code]),
      [1, 2, 3].map((line) => [line, 'bad-value']),
    );
  });
});
