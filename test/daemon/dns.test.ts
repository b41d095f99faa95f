/** A server known by name, asked of real name servers: those that resolv.conf(5) names, whatever the engine's root is. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ip } from '../support/tun.js';
import { enterStage, Running, Stage } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url) || missingFiles(), timeout: 60_000 };
const PROGRAM = fileURLToPath(new URL('../../bin/miredo.js', import.meta.url));
const HEADER = 12;
const QUESTION_END = 5;

/** Something has to be there to be hidden by files of the test. */
function missingFiles(): string | false {
  const missing = ['/etc/resolv.conf', '/etc/nsswitch.conf'].find((file) => !existsSync(file));
  return missing === undefined ? false : `this host has no ${missing}`;
}

/** Answers every question with one IPv4 address (RFC 1035 §4.1). */
async function startNameServer(t: TestContext, address: string, answer: readonly number[]): Promise<void> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.on('message', (query, { address: from, port }) => {
    const question = query.subarray(HEADER, query.indexOf(0, HEADER) + QUESTION_END);
    const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answer]);
    socket.send(Buffer.concat([header, question, record]), port, from);
  });
  socket.bind(53, address);
  await once(socket, 'listening');
}

/** With files of the test's own in the place of the host's, and in an empty root. */
function start(t: TestContext, stage: Stage, resolvConf: string): Running {
  const place = (name: string, text: string): string => {
    writeFileSync(join(stage.directory, name), text);
    return join(stage.directory, name);
  };
  const nsswitch = place('nsswitch.conf', 'hosts: dns\n');
  const config = place('miredo.conf', 'ServerAddress teredo.example.net\n');
  const root = join(stage.directory, 'root');
  mkdirSync(root);
  const script = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"';
  const program = [process.execPath, PROGRAM, '-f', '-c', config, '-p', stage.pidFile, '-t', root];
  const words = ['--mount', 'sh', '-c', script, 'sh', resolvConf, nsswitch, ...program];
  const running = new Running('unshare', words, false);
  t.after(async () => {
    if (!running.hasEnded) running.signal('SIGKILL');
    await running.exited;
  });
  return running;
}

test('no name server, then one, then another: each is asked as soon as it counts', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const resolvConf = join(stage.directory, 'resolv.conf');
  writeFileSync(resolvConf, '');
  const program = start(t, stage, resolvConf);
  await program.line(/waiting: The name of the Teredo server cannot be resolved/);
  await startNameServer(t, '127.0.0.53', [203, 0, 113, 98]);
  writeFileSync(resolvConf, 'nameserver 127.0.0.53\n');
  await program.line(/qualifying with server 203\.0\.113\.98/);
  await startNameServer(t, '127.0.0.54', [203, 0, 113, 99]);
  writeFileSync(resolvConf, 'nameserver 127.0.0.54\n');
  t.after(() => ip('address', 'del', '203.0.113.77/24', 'dev', 'eth0'));
  ip('address', 'add', '203.0.113.77/24', 'dev', 'eth0');
  await program.line(/qualifying with server 203\.0\.113\.99/);
  assert.equal((await program.stop()).code, 0);
});
