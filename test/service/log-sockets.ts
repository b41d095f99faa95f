/**
 * Unix datagram sockets for tests, held by python3 since Node has none: a receiver such as journald, syslogd or systemd,
 * and a sender that does not wait.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import type { SendDatagram } from '../../daemon/service/log-record.js';

/** Prints each datagram in hexadecimal, one a line; a deaf one first waits for a line on its standard input. */
const RECEIVER = `
import socket, sys
path, deaf = sys.argv[1], sys.argv[2] == 'deaf'
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + path[1:] if path.startswith('@') else path)
print('bound', flush=True)
if deaf: sys.stdin.readline()
while True: print(receiver.recv(65536).hex(), flush=True)
`;

/** Prints the errno's name when the datagram could not be sent. */
const SENDER = `
import errno, os, socket, sys
path = bytes.fromhex(sys.argv[1])
try: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.stdin.buffer.read(), socket.MSG_DONTWAIT, path)
except OSError as error: print(errno.errorcode[error.errno])
`;

/** Prints how many datagrams fit into the queue of a receiver that does not listen. */
const FILLER = `
import socket, sys
sender, count = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), 0
sender.connect(sys.argv[1])
try:
  while True: count += sender.send(b'.', socket.MSG_DONTWAIT)
except BlockingIOError: print(count)
`;

/** The port of the log, as the addon does it: no waiting, and an errno when it fails. */
export const sendByPython: SendDatagram = (path, bytes) => {
  const hex = Buffer.from(path).toString('hex');
  const { stdout, status } = spawnSync('python3', ['-c', SENDER, hex], { input: bytes, encoding: 'utf8' });
  assert.equal(status, 0);
  const errno = stdout.trim();
  return errno === '' ? { ok: true } : { ok: false, errno, sentence: `Cannot send to ${path}: ${errno}.` };
};

export class Receiver {
  readonly path: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(path: string, process: ChildProcess, lines: AsyncIterator<string>) {
    this.path = path;
    this.#process = process;
    this.#lines = lines;
  }

  /** `path` with a leading @ is an abstract address. A deaf receiver takes nothing until `listen`. */
  static async open(t: TestContext, path: string, hearing: 'hears' | 'deaf' = 'hears'): Promise<Receiver> {
    const process = spawn('python3', ['-c', RECEIVER, path, hearing], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const receiver = new Receiver(path, process, lines);
    t.after(() => receiver.close());
    assert.equal((await lines.next()).value, 'bound');
    return receiver;
  }

  async next(): Promise<Buffer> {
    const { value, done } = await this.#lines.next();
    assert.ok(done !== true, 'the receiver has ended');
    return Buffer.from(value, 'hex');
  }

  /** So many datagrams come before the next; until then there is room for none. Deaf receivers only. */
  fill(): number {
    return Number(spawnSync('python3', ['-c', FILLER, this.path], { encoding: 'utf8' }).stdout);
  }

  listen(): void {
    this.#process.stdin?.write('\n');
  }

  /** As when journald is stopped: the socket stays, and nobody is behind it. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
