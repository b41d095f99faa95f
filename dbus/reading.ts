/**
 * Bytes of a message to values: numbers, bigint for x and t, strings, booleans, arrays for arrays and structures,
 * objects without a prototype for dictionaries, {@link Variant} for variants.
 */
import type { Variant } from './org-miredo.js';
import { ALIGNMENT, parseSignature, type Type } from './signature.js';

/** Of containers in each other, through variants too (the specification allows 64). */
const DEPTH_LIMIT = 64;

class ReadingError extends Error {}

/** Values of `signature`, or undefined when the bytes are no such values: they come from anybody. */
export function readValues(signature: string, bytes: Buffer, littleEndian: boolean): unknown[] | undefined {
  try {
    const reader = new Reader(bytes, littleEndian);
    const values = parseSignature(signature).map((type) => reader.value(type, 0));
    return reader.isAtEnd ? values : undefined;
  } catch {
    return undefined;
  }
}

export class Reader {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  #at: number;

  /** Positions, and with them alignment, count from the first byte. */
  constructor(bytes: Buffer, littleEndian: boolean, at = 0) {
    this.#bytes = bytes;
    this.#little = littleEndian;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(type: Type, depth: number): unknown {
    if (depth > DEPTH_LIMIT) throw new ReadingError('too deep');
    this.#align(ALIGNMENT[type.code] ?? 1);
    switch (type.code) {
      case 'a':
        return this.#array(type.children[0], depth + 1);
      case '(':
        return type.children.map((child) => this.value(child, depth + 1));
      case 'v':
        return this.#variant(depth + 1);
      default:
        return this.#basic(type.code);
    }
  }

  #align(alignment: number): void {
    this.#at = Math.ceil(this.#at / alignment) * alignment;
  }

  /** Buffer's own reading throws beyond the end. */
  #basic(code: string): unknown {
    switch (code) {
      case 'y':
        return this.#bytes.readUInt8(this.#take(1));
      case 'b':
        return this.#unsigned() !== 0;
      case 'n':
        return this.#little ? this.#bytes.readInt16LE(this.#take(2)) : this.#bytes.readInt16BE(this.#take(2));
      case 'q':
        return this.#little ? this.#bytes.readUInt16LE(this.#take(2)) : this.#bytes.readUInt16BE(this.#take(2));
      case 'i':
        return this.#unsigned() | 0;
      case 'u':
        return this.#unsigned();
      case 'x':
        return this.#little ? this.#bytes.readBigInt64LE(this.#take(8)) : this.#bytes.readBigInt64BE(this.#take(8));
      case 't':
        return this.#little ? this.#bytes.readBigUInt64LE(this.#take(8)) : this.#bytes.readBigUInt64BE(this.#take(8));
      case 'd':
        return this.#little ? this.#bytes.readDoubleLE(this.#take(8)) : this.#bytes.readDoubleBE(this.#take(8));
      case 's':
      case 'o':
        return this.#text(this.#unsigned());
      case 'g':
        return this.#text(this.#bytes.readUInt8(this.#take(1)));
      default:
        throw new ReadingError('no such type');
    }
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new ReadingError('too short');
    return at;
  }

  #unsigned(): number {
    const at = this.#take(4);
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  #text(length: number): string {
    const at = this.#take(length + 1);
    return this.#bytes.toString('utf8', at, at + length);
  }

  #array(element: Type | undefined, depth: number): unknown {
    if (element === undefined) throw new ReadingError('an array of nothing');
    const length = this.#unsigned();
    this.#align(ALIGNMENT[element.code] ?? 1);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new ReadingError('too short');
    const values = element.code === '{' ? this.#dictionary(element, end, depth) : this.#elements(element, end, depth);
    if (this.#at !== end) throw new ReadingError('an array ends within an element');
    return values;
  }

  #elements(element: Type, end: number, depth: number): unknown[] {
    const values: unknown[] = [];
    while (this.#at < end) values.push(this.value(element, depth));
    return values;
  }

  #dictionary({ children: [key, value] }: Type, end: number, depth: number): object {
    const entries: { [key: string]: unknown } = Object.create(null);
    if (key === undefined || value === undefined) throw new ReadingError('a dictionary of nothing');
    while (this.#at < end) {
      this.#align(8);
      const name = String(this.value(key, depth + 1));
      entries[name] = this.value(value, depth + 1);
    }
    return entries;
  }

  #variant(depth: number): Variant {
    const signature = String(this.#basic('g'));
    const [type, more] = parseSignature(signature);
    if (type === undefined || more !== undefined) throw new ReadingError('a variant holds one value');
    return { signature, value: this.value(type, depth) };
  }
}
