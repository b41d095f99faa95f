/** Memory in which a server puts a datagram together, with views that are made once for each short length. */
import { ORIGIN_LENGTH } from '../wire/encapsulation.js';
import { MAXIMUM_MTU } from '../wire/mtu.js';

/** Longer datagrams are copied by the engine and get a view of their own: bubbles and echo tests are short. */
const SHORT = 128;

export class Staging {
  readonly bytes = new Uint8Array(ORIGIN_LENGTH + MAXIMUM_MTU);
  /** BOUNDED: one view for each length up to SHORT. */
  readonly #views: readonly Uint8Array[] = Array.from({ length: SHORT + 1 }, (_, length) =>
    this.bytes.subarray(0, length),
  );

  /** Copies `source` from `start` to `end` behind the first `reserved` bytes; all of it, as it goes to the wire. */
  compose(reserved: number, source: Uint8Array, start: number, end: number): Uint8Array {
    const length = reserved + end - start;
    const view = this.#views[length];
    if (view === undefined) {
      this.bytes.set(source.subarray(start, end), reserved);
      return this.bytes.subarray(0, length);
    }
    for (let i = start; i < end; i++) view[reserved + i - start] = source[i] ?? 0;
    return view;
  }
}
