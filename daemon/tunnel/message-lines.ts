/** JSON values as lines on a stream, with a bound on what the other side can make us hold. */
import type { Duplex } from 'node:stream';
import { MESSAGE_LIMIT } from './messages.js';

const NEWLINE = 10;

export interface LineHandler {
  /** A parsed line; any JSON value. */
  message(value: unknown): void;
  /** The other side broke the rules; nothing more is read. */
  violation(sentence: string): void;
  /** The other side has closed. */
  closed(): void;
}

export class MessageLines {
  readonly #stream: Duplex;
  readonly #handler: LineHandler;
  /** BOUNDED: MESSAGE_LIMIT. */
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(stream: Duplex, handler: LineHandler) {
    this.#stream = stream;
    this.#handler = handler;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    // An error on a socket pair says that the other end is gone, as "close" does in a moment.
    stream.on('error', () => {});
    stream.on('close', () => this.#end(() => handler.closed()));
  }

  send(value: unknown): void {
    if (!this.#ended) this.#stream.write(`${JSON.stringify(value)}\n`);
  }

  /** Bytes that were sent and that the other side has left unread, beyond what the kernel holds. */
  get unread(): number {
    return this.#stream.writableLength;
  }

  close(): void {
    this.#end(() => {});
    this.#stream.destroy();
  }

  #receive(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0 && !this.#ended; end = bytes.indexOf(NEWLINE)) {
      if (end > MESSAGE_LIMIT) break;
      this.#parse(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
    }
    if (this.#ended) return;
    if (bytes.length > MESSAGE_LIMIT) {
      this.#violate(`a message of more than ${MESSAGE_LIMIT} bytes`);
      return;
    }
    this.#rest = Buffer.from(bytes);
  }

  #parse(line: Buffer): void {
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch {
      this.#violate('a message that is not JSON');
      return;
    }
    this.#handler.message(value);
  }

  #violate(sentence: string): void {
    this.#end(() => this.#handler.violation(sentence));
    this.#stream.destroy();
  }

  #end(say: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rest = Buffer.alloc(0);
    say();
  }
}
