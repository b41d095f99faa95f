/** Values to bytes of a message, little-endian. What cannot be written is our own fault, and thrown. */
import type { Variant } from './org-miredo.js';
import { ALIGNMENT, parseSignature, type Type } from './signature.js';

export function writeValues(signature: string, values: readonly unknown[]): Buffer {
  const writer = new Writer();
  const types = parseSignature(signature);
  if (types.length !== values.length) throw new TypeError(`${values.length} values for signature "${signature}"`);
  types.forEach((type, index) => {
    writer.value(type, values[index]);
  });
  return writer.bytes();
}

export class Writer {
  #buffer = Buffer.alloc(256);
  #at = 0;

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  align(alignment: number): void {
    const next = Math.ceil(this.#at / alignment) * alignment;
    this.#take(next - this.#at);
  }

  value(type: Type, value: unknown): void {
    this.align(ALIGNMENT[type.code] ?? 1);
    switch (type.code) {
      case 'a':
        this.#array(type.children[0], value);
        break;
      case '(':
      case '{':
        this.#fields(type, value);
        break;
      case 'v':
        this.#variant(value as Variant);
        break;
      default:
        this.#basic(type.code, value);
    }
  }

  /** Returns where `length` zeroed bytes begin. */
  #take(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) {
      const larger = Buffer.alloc(2 * this.#at);
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }

  #basic(code: string, value: unknown): void {
    switch (code) {
      case 'y':
        this.#put(1, (at) => this.#buffer.writeUInt8(Number(value), at));
        return;
      case 'b':
        this.#unsigned(value === true ? 1 : 0);
        return;
      case 'n':
        this.#put(2, (at) => this.#buffer.writeInt16LE(Number(value), at));
        return;
      case 'q':
        this.#put(2, (at) => this.#buffer.writeUInt16LE(Number(value), at));
        return;
      case 'i':
        this.#put(4, (at) => this.#buffer.writeInt32LE(Number(value), at));
        return;
      case 'u':
        this.#unsigned(Number(value));
        return;
      case 'x':
        this.#put(8, (at) => this.#buffer.writeBigInt64LE(value as bigint, at));
        return;
      case 't':
        this.#put(8, (at) => this.#buffer.writeBigUInt64LE(value as bigint, at));
        return;
      case 'd':
        this.#put(8, (at) => this.#buffer.writeDoubleLE(Number(value), at));
        return;
      case 'g':
        this.#put(1, (at) => this.#buffer.writeUInt8(Buffer.byteLength(String(value)), at));
        this.#text(String(value));
        return;
      default:
        this.#unsigned(Buffer.byteLength(String(value)));
        this.#text(String(value));
    }
  }

  /** The place is taken first: that may make the buffer another one. */
  #put(length: number, write: (at: number) => void): void {
    const at = this.#take(length);
    write(at);
  }

  #unsigned(value: number): void {
    this.#put(4, (at) => this.#buffer.writeUInt32LE(value, at));
  }

  #text(text: string): void {
    const at = this.#take(Buffer.byteLength(text) + 1);
    this.#buffer.write(text, at, 'utf8');
  }

  #fields(type: Type, value: unknown): void {
    const fields = value as readonly unknown[];
    if (fields.length !== type.children.length) throw new TypeError(`${fields.length} fields in a structure`);
    type.children.forEach((child, index) => {
      this.value(child, fields[index]);
    });
  }

  #array(element: Type | undefined, value: unknown): void {
    if (element === undefined) throw new TypeError('an array of nothing');
    const lengthAt = this.#take(4);
    this.align(ALIGNMENT[element.code] ?? 1);
    const start = this.#at;
    const elements = element.code === '{' ? Object.entries(value as object) : (value as readonly unknown[]);
    for (const item of elements) this.value(element, item);
    this.#buffer.writeUInt32LE(this.#at - start, lengthAt);
  }

  #variant({ signature, value }: Variant): void {
    const [type, more] = parseSignature(signature);
    if (type === undefined || more !== undefined) throw new TypeError('a variant holds one value');
    this.#basic('g', signature);
    this.value(type, value);
  }
}
