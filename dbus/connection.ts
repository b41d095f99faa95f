/** A connection to a message bus: calls with a time limit, signals, and calls from others (D-Bus specification). */
import { connect, type Socket } from 'node:net';
import {
  ERROR,
  encodeMessage,
  type Header,
  type Incoming,
  METHOD_CALL,
  METHOD_RETURN,
  MessageReader,
  NO_REPLY_EXPECTED,
  SIGNAL,
} from './message.js';

export const DEFAULT_ADDRESS = 'unix:path=/run/dbus/system_bus_socket';
/** Milliseconds for the bus to let us in, and for an answer when the caller sets no limit. */
const OPEN_TIMEOUT = 10_000;
const CALL_TIMEOUT = 25_000;
const LIMITS = { header: 64 * 1024, body: 64 * 1024 };
/** Bytes that wait to be sent: beyond the first nothing is read any more, beyond the second the bus is taken for dead. */
const PAUSE_AT = 1024 * 1024;
const GIVE_UP_AT = 16 * PAUSE_AT;
/** BOUNDED: length of a line of the authentication. */
const LINE_LIMIT = 4096;

export interface ErrorReply {
  readonly ok: false;
  /** Name of a D-Bus error. */
  readonly name: string;
  readonly text: string;
}

export type Reply = { readonly ok: true; readonly values: readonly unknown[] } | ErrorReply;

export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly values?: readonly unknown[];
  readonly flags?: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface BusEvents {
  /** A method call for this connection. */
  called?(message: Incoming): void;
  signalled?(message: Incoming): void;
  /** The connection is gone; every call has been answered with an error. */
  closed?(sentence: string): void;
}

export type Opened =
  | { readonly ok: true; readonly connection: BusConnection }
  | { readonly ok: false; readonly sentence: string };

/** The first address that is a Unix socket: `unix:path=…` or `unix:abstract=…`. */
function socketPath(addresses: string): string | undefined {
  for (const address of addresses.split(';')) {
    const found = /^unix:(?:.*,)?(path|abstract)=([^,]*)/.exec(address);
    if (found !== null) return `${found[1] === 'abstract' ? '\0' : ''}${decodeURIComponent(found[2] ?? '')}`;
  }
  return undefined;
}

export const systemBusAddress = (): string => process.env['DBUS_SYSTEM_BUS_ADDRESS'] || DEFAULT_ADDRESS;

export function openBus(events: BusEvents, addresses = systemBusAddress()): Promise<Opened> {
  const path = socketPath(addresses);
  if (path === undefined) return Promise.resolve({ ok: false, sentence: `${addresses} names no Unix socket.` });
  return new Promise((resolve) => {
    const socket = connect(path);
    const refuse = (sentence: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ok: false, sentence });
    };
    const timer = setTimeout(() => refuse('The message bus does not answer.'), OPEN_TIMEOUT);
    socket.on('error', ({ message }) => refuse(message));
    socket.on('close', () => refuse('The message bus has closed the connection.'));
    authenticate(socket, refuse, async (rest) => {
      socket.removeAllListeners('error').removeAllListeners('close');
      const connection = new BusConnection(socket, { ...events, closed: refuse }, rest);
      const hello = await connection.callBus('Hello', '', []);
      if (!hello.ok) return refuse(`${hello.name}: ${hello.text}`);
      clearTimeout(timer);
      connection.welcomed(String(hello.values[0]), events);
      resolve({ ok: true, connection });
    });
  });
}

/** SASL with EXTERNAL: the bus sees who is at the other end of the socket. */
function authenticate(socket: Socket, refuse: (sentence: string) => void, done: (rest: Buffer) => void): void {
  let held = Buffer.alloc(0);
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  const listen = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk]);
    const end = held.indexOf('\r\n');
    if (end < 0 && held.length < LINE_LIMIT) return;
    socket.off('data', listen);
    const line = held.toString('latin1', 0, Math.max(end, 0));
    if (line.startsWith('OK ')) {
      socket.write('BEGIN\r\n');
      done(held.subarray(end + 2));
    } else {
      refuse(`The message bus does not let us in: ${line}`);
    }
  };
  socket.on('data', listen);
}

interface Pending {
  readonly answered: (reply: Reply) => void;
  readonly timer: NodeJS.Timeout;
}

const failure = (name: string, text: string): ErrorReply => ({
  ok: false,
  name: `org.freedesktop.DBus.Error.${name}`,
  text,
});

export class BusConnection {
  readonly #socket: Socket;
  readonly #reader: MessageReader;
  #events: BusEvents;
  #name = '';
  #serial = 0;
  #isClosed = false;
  /** BOUNDED: each is dropped at its time limit; who calls on behalf of others limits how many. */
  readonly #pending = new Map<number, Pending>();

  constructor(socket: Socket, events: BusEvents, first: Buffer) {
    this.#socket = socket;
    this.#events = events;
    this.#reader = new MessageReader(LIMITS, (message) => this.#receive(message));
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => socket.resume());
    socket.on('error', ({ message }) => this.#end(message));
    socket.on('close', () => this.#end('The message bus has closed the connection.'));
    if (first.length > 0) this.#read(first);
  }

  /** Our unique name. */
  get name(): string {
    return this.#name;
  }

  /** For {@link openBus}: from now on the connection is its user's. */
  welcomed(name: string, events: BusEvents): void {
    this.#name = name;
    this.#events = events;
  }

  call(call: Call): Promise<Reply> {
    return new Promise((answered) => this.ask(call, answered));
  }

  /**
   * `answered` hears the reply in its place among the signals: before those that come after it. What waits for a promise
   * goes on only when all that came in with the reply has been told.
   */
  ask(call: Call, answered: (reply: Reply) => void): void {
    if (this.#isClosed) {
      answered(failure('Disconnected', 'There is no connection to the message bus.'));
      return;
    }
    const { values = [], timeout = CALL_TIMEOUT, ...header } = call;
    const serial = this.#send({ ...header, type: METHOD_CALL }, values);
    const late = failure('NoReply', `${call.destination} does not answer.`);
    this.#pending.set(serial, { answered, timer: setTimeout(() => this.#answer(serial, late), timeout) });
  }

  /** A method of the bus itself. */
  callBus(member: string, signature: string, values: readonly unknown[]): Promise<Reply> {
    const bus = 'org.freedesktop.DBus';
    return this.call({ destination: bus, path: '/org/freedesktop/DBus', interface: bus, member, signature, values });
  }

  reply(to: Incoming, signature: string, values: readonly unknown[]): void {
    if ((to.flags & NO_REPLY_EXPECTED) !== 0) return;
    this.#send({ type: METHOD_RETURN, signature, ...addressed(to) }, values);
  }

  replyError(to: Incoming, { name, text }: Omit<ErrorReply, 'ok'>): void {
    if ((to.flags & NO_REPLY_EXPECTED) !== 0) return;
    this.#send({ type: ERROR, errorName: name, signature: 's', ...addressed(to) }, [text]);
  }

  /** To everybody who listens, or to `destination` alone. */
  signal(
    path: string,
    name: string,
    member: string,
    signature: string,
    values: readonly unknown[],
    destination?: string,
  ): void {
    const to = destination === undefined ? {} : { destination };
    this.#send({ type: SIGNAL, path, interface: name, member, signature, ...to }, values);
  }

  close(): void {
    this.#end('The connection was closed.');
  }

  #send(header: Header, values: readonly unknown[]): number {
    this.#serial = (this.#serial % 0xffff_ffff) + 1;
    if (this.#isClosed) return this.#serial;
    this.#socket.write(encodeMessage(this.#serial, header, values));
    if (this.#socket.writableLength > GIVE_UP_AT) this.#end('The message bus does not read any more.');
    else if (this.#socket.writableLength > PAUSE_AT) this.#socket.pause();
    return this.#serial;
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#end(`The message bus sends nonsense: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }

  #receive(message: Incoming): void {
    switch (message.type) {
      case METHOD_CALL:
        this.#events.called?.(message);
        break;
      case METHOD_RETURN:
      case ERROR:
        if (message.replySerial !== undefined) this.#answer(message.replySerial, replyOf(message));
        break;
      case SIGNAL:
        this.#events.signalled?.(message);
        break;
    }
  }

  #answer(serial: number, reply: Reply): void {
    const pending = this.#pending.get(serial);
    if (pending === undefined) return;
    this.#pending.delete(serial);
    clearTimeout(pending.timer);
    pending.answered(reply);
  }

  #end(sentence: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    for (const serial of [...this.#pending.keys()]) this.#answer(serial, failure('Disconnected', sentence));
    this.#events.closed?.(sentence);
  }
}

function addressed({ sender, serial }: Incoming): Pick<Header, 'destination' | 'replySerial'> {
  return { replySerial: serial, ...(sender === undefined ? {} : { destination: sender }) };
}

function replyOf(message: Incoming): Reply {
  const values = message.values();
  if (message.type === ERROR) {
    const text = typeof values?.[0] === 'string' ? values[0] : '';
    return { ok: false, name: message.errorName ?? '', text };
  }
  return values === undefined ? failure('InconsistentMessage', 'The answer cannot be read.') : { ok: true, values };
}
