/** The generated module is what the XML says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { GENERATED, generate, parse, SOURCE } from '../../dbus/generate.js';

const xml = readFileSync(SOURCE, 'utf8');

test('dbus/org-miredo.ts is up to date with dbus/org.miredo.xml', () => {
  assert.equal(readFileSync(GENERATED, 'utf8'), generate(xml), 'run: node build/dbus/generate.js');
});

test('a property that could be set is refused: polkit cannot ask for a password there', () => {
  assert.throws(() => parse(xml.replace('access="read"', 'access="readwrite"')), /what changes something is a method/);
});

test('a member without documentation is refused', () => {
  const bare = xml.replace(
    '<!-- Qualifies anew and keeps the interface; NotRunning when the tunnel is stopped. -->',
    '',
  );
  assert.notEqual(bare, xml);
  assert.throws(() => parse(bare), /no comment before it/);
});

test('every member has its documentation', () => {
  const { members } = parse(xml);
  assert.deepEqual(
    members.filter(({ doc }) => doc === '').map(({ name }) => name),
    [],
  );
  assert.deepEqual(
    members.filter(({ kind }) => kind === 'method').map(({ name }) => name),
    ['Start', 'Stop', 'Restart', 'SetServer', 'AddServer', 'RemoveServer', 'ProbeServers', 'Diagnose', 'NetworkEvent'],
  );
});
