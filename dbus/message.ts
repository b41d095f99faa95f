/**
 * Messages of D-Bus and the reader that takes them from a stream (D-Bus specification, "Message Protocol").
 *
 * The body stays bytes until somebody asks for it: who gets messages from anybody first looks whether the signature
 * is the one that he takes. Bodies beyond a limit are read past and never held.
 */
import { Reader, readValues } from './reading.js';
import { parseSignature } from './signature.js';
import { Writer, writeValues } from './writing.js';

export const METHOD_CALL = 1;
export const METHOD_RETURN = 2;
export const ERROR = 3;
export const SIGNAL = 4;

export const NO_REPLY_EXPECTED = 1;
export const ALLOW_INTERACTIVE_AUTHORIZATION = 4;

export interface Header {
  readonly type: number;
  readonly flags?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
}

export interface Incoming extends Header {
  readonly flags: number;
  readonly serial: number;
  readonly signature: string;
  /** undefined when the body was too large, or is not what its signature says. */
  values(): unknown[] | undefined;
}

/** Codes of header fields, and their types. */
const FIELDS = [
  ['path', 1, 'o'],
  ['interface', 2, 's'],
  ['member', 3, 's'],
  ['errorName', 4, 's'],
  ['replySerial', 5, 'u'],
  ['destination', 6, 's'],
  ['sender', 7, 's'],
  ['signature', 8, 'g'],
] as const;

const LITTLE = 0x6c;
const BIG = 0x42;
const VERSION = 1;
/** Bytes before the header's fields: fixed part and the fields' length. */
const FIXED_LENGTH = 16;

export function encodeMessage(serial: number, header: Header, values: readonly unknown[] = []): Buffer {
  const body = writeValues(header.signature ?? '', values);
  const writer = new Writer();
  const fields = FIELDS.filter(([name]) => header[name] !== undefined && header[name] !== '').map(
    ([name, code, signature]) => [code, { signature, value: header[name] }],
  );
  const head = [LITTLE, header.type, header.flags ?? 0, VERSION, body.length, serial, fields];
  parseSignature('yyyyuua(yv)').forEach((type, index) => {
    writer.value(type, head[index]);
  });
  writer.align(8);
  return Buffer.concat([writer.bytes(), body]);
}

export class StreamError extends Error {}

interface Limits {
  /** Bytes of header and of body that are held; a longer header ends the connection. */
  readonly header: number;
  readonly body: number;
}

interface Expected {
  readonly headerLength: number;
  readonly bodyLength: number;
  readonly little: boolean;
}

/** Puts chunks together to messages. BOUNDED: holds one message of at most the limits, and one chunk. */
export class MessageReader {
  readonly #limits: Limits;
  readonly #receive: (message: Incoming) => void;
  #held: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #heldLength = 0;
  /** Bytes of an oversize body still to come. */
  #skip = 0;

  constructor(limits: Limits, receive: (message: Incoming) => void) {
    this.#limits = limits;
    this.#receive = receive;
  }

  /** Throws {@link StreamError} when the stream makes no sense: it is of no use any more. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#heldLength += chunk.length;
    // Only when enough is there are the pieces joined: many small pieces would be copied again and again.
    if (this.#heldLength < this.#wanted) return;
    this.#held = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    while (this.#step());
    this.#chunks = [this.#held];
    this.#heldLength = this.#held.length;
  }

  #wanted = FIXED_LENGTH;

  /** Takes one message off what is held, if it is there. */
  #step(): boolean {
    const skipped = Math.min(this.#skip, this.#held.length);
    this.#held = this.#held.subarray(skipped);
    this.#skip -= skipped;
    this.#wanted = this.#skip > 0 ? 1 : FIXED_LENGTH;
    if (this.#held.length < this.#wanted || this.#skip > 0) return false;
    const expected = expect(this.#held, this.#limits);
    const isOversize = expected.bodyLength > this.#limits.body;
    this.#wanted = expected.headerLength + (isOversize ? 0 : expected.bodyLength);
    if (this.#held.length < this.#wanted) return false;
    const bytes = this.#held.subarray(0, this.#wanted);
    this.#held = this.#held.subarray(this.#wanted);
    this.#wanted = FIXED_LENGTH;
    if (isOversize) this.#skip = expected.bodyLength;
    this.#receive(decode(bytes, expected, isOversize));
    return true;
  }
}

function expect(bytes: Buffer, limits: Limits): Expected {
  const mark = bytes.readUInt8(0);
  if (mark !== LITTLE && mark !== BIG) throw new StreamError('no message begins here');
  const little = mark === LITTLE;
  const length = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const headerLength = Math.ceil((FIXED_LENGTH + length(12)) / 8) * 8;
  if (headerLength > limits.header) throw new StreamError('a header is too long');
  return { headerLength, bodyLength: length(4), little };
}

function decode(bytes: Buffer, { headerLength, little }: Expected, isOversize: boolean): Incoming {
  const [type] = parseSignature('a(yv)');
  const fields: { [name: string]: string | number } = {};
  try {
    if (type === undefined) throw new StreamError('no type');
    const found = new Reader(bytes.subarray(0, headerLength), little, 12).value(type, 0);
    for (const [code, variant] of found as [number, { signature: string; value: string | number }][]) {
      const field = FIELDS.find(([, known, signature]) => known === code && signature === variant.signature);
      if (field !== undefined) fields[field[0]] = variant.value;
    }
  } catch {
    throw new StreamError('a header cannot be read');
  }
  // The bus lets no message through whose header is against the specification.
  const header = fields as Omit<Header, 'type' | 'flags'>;
  const signature = header.signature ?? '';
  return {
    ...header,
    type: bytes.readUInt8(1),
    flags: bytes.readUInt8(2),
    serial: little ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8),
    signature,
    values: () => (isOversize ? undefined : readValues(signature, bytes.subarray(headerLength), little)),
  };
}
