/** A service that breaks in a way only a new start can mend. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ip } from '../support/tun.js';
import { enterStage, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 30_000 };
const RELAY = 'RelayType relay\nInterfaceName mended\n';

test('what breaks again is mended more slowly, and a new configuration at once and only once', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const program = stage.start('miredo', { config: RELAY });
  await program.line(/relaying /);
  ip('link', 'delete', 'mended');
  await program.line(/Starting again in 1 s/);
  writeFileSync(stage.configOf(program), `${RELAY}InterfaceMTU 1400\n`);
  program.signal('SIGHUP');
  await program.line(/configuration loaded again, changed: mtu/);
  await program.line(/relaying /, 2);
  ip('link', 'delete', 'mended');
  await program.line(/Starting again in 2 s/);
  await program.line(/relaying /, 3);
  assert.match(ip('link', 'show', 'mended'), /mtu 1400/);
  const children = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim().split(' ');
  assert.equal(children.length, 1);
  assert.equal((await program.stop()).code, 0);
  assert.equal(program.lines.filter((line) => line.includes('Starting again')).length, 2, program.lines.join('\n'));
});

test('a supervisor that has no descriptor to spare starts the engine when it has', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const program = stage.start('miredo', { config: 'ServerAddress 203.0.113.99\n' });
  await program.line(/qualifying with server/);
  const limitDescriptors = (count: number): void => {
    execFileSync('prlimit', ['--pid', String(program.pid), `--nofile=${count}:1024`]);
  };
  limitDescriptors(10);
  const engine = Number(readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8'));
  process.kill(engine, 'SIGKILL');
  await program.line(/The engine cannot be started: .*EMFILE|Cannot clear interface teredo: .*EMFILE/);
  limitDescriptors(1024);
  await program.line(/qualifying with server/, 2);
  assert.equal((await program.stop()).code, 0);
});

test('it goes by its own name', OPTIONS, async (t) => {
  const program = new Stage(t).start('miredo', { config: RELAY });
  await program.line(/relaying /);
  assert.equal(readFileSync(`/proc/${program.pid}/comm`, 'utf8'), 'miredo\n');
  assert.match(readFileSync(`/proc/${program.pid}/cmdline`, 'latin1'), /^miredo\0/);
  await program.stop();
});
