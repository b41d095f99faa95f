/** A server whose work several engines share: all answer, and the others go on when one ends. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal } from '../../daemon/wire/teredo-address.js';
import { waitFor } from '../lab/kernel-view.js';
import { v4 } from '../protocol/rig.js';
import { childrenOf, enterStage, PRIMARY, picture, type Running, Stage, udpSockets } from './stage.js';

const OPTIONS = { skip: enterStage(import.meta.url), timeout: 60_000 };

const PORT = 3544;
const WAIT = { timeout: 20_000 };
const CONFIG = `ServerBindAddress ${PRIMARY}\n`;

/** As a client's (RFC 4380 §5.2.1). */
function solicitation(): Uint8Array {
  const none = new Uint8Array(0);
  const nonce = new Uint8Array(8);
  const shim = emitAuthentication({ clientId: none, value: none, nonce, confirmation: 0 });
  return concatenate(shim, emitRouterSolicitation(emitLinkLocal(0, v4('0.0.0.0'), 0 as never)));
}

/** Clients that ask once each, every one from a port of its own. */
class Askers {
  answered = 0;
  readonly #sockets: Socket[] = [];

  constructor(context: TestContext) {
    context.after(() => {
      for (const socket of this.#sockets) socket.close();
    });
  }

  get asked(): number {
    return this.#sockets.length;
  }

  async ask(): Promise<void> {
    const socket = createSocket('udp4').bind(0, PRIMARY);
    this.#sockets.push(socket);
    await once(socket, 'listening');
    socket.once('message', () => {
      this.answered++;
    });
    socket.send(solicitation(), PORT, PRIMARY);
  }

  async askTimes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.ask();
  }

  allAnswered(): Promise<true> {
    return waitFor('all answers', () => this.answered === this.asked || undefined, WAIT);
  }
}

/** Whether something waits in a socket of the server. */
function isSomethingUnread(): boolean {
  const server = udpSockets()
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local = '']) => local.endsWith(`:${PORT.toString(16).toUpperCase().padStart(4, '0')}`));
  return server.some(([, , , , queues = '']) => !queues.endsWith(':00000000'));
}

async function startServer(stage: Stage, engines: number): Promise<Running> {
  const server = stage.start('miredo-server', { config: `${CONFIG}Engines ${engines}\n` });
  await server.line(new RegExp(`serving on port 3544 .*, with ${engines} engines$`));
  return server;
}

async function untilUnread(askers: Askers): Promise<void> {
  while (!isSomethingUnread()) await askers.ask();
}

test('each of several engines answers its share; to clients they are one server', OPTIONS, async (t) => {
  const before = picture();
  const server = await startServer(new Stage(t), 3);
  const engines = childrenOf(server.pid);
  assert.equal(engines.length, 3);
  const askers = new Askers(t);
  await askers.askTimes(20);
  await askers.allAnswered();
  for (const engine of engines) {
    process.kill(engine, 'SIGSTOP');
    // Only what is for this one waits: what is for the others is answered.
    await untilUnread(askers);
    await waitFor('answers of the others', () => askers.answered > 0 || undefined, WAIT);
    assert.ok(askers.answered < askers.asked);
    process.kill(engine, 'SIGCONT');
    await askers.allAnswered();
  }
  assert.equal((await server.stop()).code, 0);
  assert.equal(picture(), before);
});

test('an engine that is gone leaves its share to the others until it is back', OPTIONS, async (t) => {
  const server = await startServer(new Stage(t), 2);
  const untilBack = () => waitFor('both engines', () => childrenOf(server.pid).length === 2 || undefined, WAIT);
  // Each time it stays away for longer: so long at last that all can be asked meanwhile.
  for (let round = 1; round <= 5; round++) {
    await untilBack();
    const victim = childrenOf(server.pid)[1] ?? 0;
    process.kill(victim, 'SIGKILL');
    await waitFor('its end', () => !childrenOf(server.pid).includes(victim) || undefined, WAIT);
  }
  await server.line(/engine 2 of 2: The engine ended \(SIGKILL\)/);
  const askers = new Askers(t);
  await askers.askTimes(40);
  await askers.allAnswered();
  assert.equal(childrenOf(server.pid).length, 1, 'the answers are all from one');
  await untilBack();
  await askers.askTimes(40);
  await askers.allAnswered();
});

test('SIGHUP with another number of engines: so many there are', OPTIONS, async (t) => {
  const stage = new Stage(t);
  const server = await startServer(stage, 2);
  for (const [count, round] of [
    [3, 1],
    [1, 2],
  ] as const) {
    writeFileSync(stage.configOf(server), `${CONFIG}Engines ${count}\n`);
    server.signal('SIGHUP');
    await server.line(/configuration loaded again.*engines/, round);
    await server.line(/serving on port 3544/, round + 1);
    assert.equal(childrenOf(server.pid).length, count);
    const askers = new Askers(t);
    await askers.askTimes(20);
    await askers.allAnswered();
  }
});

test('a second server on the port is refused, though the first lets its own engines share it', OPTIONS, async (t) => {
  const stage = new Stage(t);
  await startServer(stage, 2);
  const second = stage.start('miredo-server', { config: `${CONFIG}Engines 2\n`, pidFile: `${stage.pidFile}.2` });
  assert.equal((await second.exited).code, 1);
  assert.match(second.lines.join('\n'), /Cannot bind UDP port 3544 of 203\.0\.113\.10: another program uses it/);
});
