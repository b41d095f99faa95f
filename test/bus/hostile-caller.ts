/** A connection to the bus that sends any bytes, to try what an honest library never would. */
import { connect, type Socket } from 'node:net';
import { encodeMessage, type Header, type Incoming, METHOD_CALL, MessageReader } from '../../dbus/message.js';

const LIMITS = { header: 1 << 20, body: 1 << 26 };

export class HostileCaller {
  readonly #socket: Socket;
  readonly #answers = new Map<number, (message: Incoming) => void>();
  /** Resolves when the bus has thrown us out, or we left. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new MessageReader(LIMITS, (message) => {
      if (message.replySerial === undefined) return;
      this.#answers.get(message.replySerial)?.(message);
      this.#answers.delete(message.replySerial);
    });
    socket.on('data', (chunk) => reader.push(chunk));
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static async open(): Promise<HostileCaller> {
    const socket = connect('/run/dbus/system_bus_socket');
    socket.on('error', () => {});
    const greeted = new Promise((resolve) => socket.once('data', resolve));
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
    await greeted;
    socket.write('BEGIN\r\n');
    const caller = new HostileCaller(socket);
    const bus = 'org.freedesktop.DBus';
    await caller.ask(1, { type: METHOD_CALL, destination: bus, path: '/', interface: bus, member: 'Hello' });
    return caller;
  }

  /** The answer, or undefined when the connection is closed. */
  ask(serial: number, header: Header, values: readonly unknown[] = []): Promise<Incoming | undefined> {
    return this.send(serial, encodeMessage(serial, header, values));
  }

  send(serial: number, bytes: Buffer): Promise<Incoming | undefined> {
    const answer = new Promise<Incoming>((resolve) => this.#answers.set(serial, resolve));
    this.#socket.write(bytes);
    return Promise.race([answer, this.closed.then(() => undefined)]);
  }

  /** What comes from now on stays in the bus. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Leaves without reading what was answered. */
  leave(): void {
    this.#socket.destroy();
  }
}
