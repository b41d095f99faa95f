/**
 * The memory in which a simulated device hands packets to a core. It is hostile: what lies around a packet must stay
 * as it is, and the packet itself is overwritten when the call is over, so that a core that keeps a view of it
 * instead of a copy is found out.
 */
import type { PacketMemory } from '../../daemon/protocol/environment.js';

const GUARD = 64;
const GUARD_BYTE = 0xc5;
const POISON = 0xa5;
const LARGEST = 65536;

export class CallMemory {
  readonly memory: PacketMemory;
  /** Calls do not nest: what a core's output causes happens after the call. */
  #busy = false;
  #shift = 0;

  constructor() {
    const bytes = new Uint8Array(LARGEST + 2 * GUARD + 8);
    this.memory = { bytes, view: new DataView(bytes.buffer) };
  }

  /** Calls `handle` with `packet` in memory; what it forwards is the caller's to copy inside. Returns a fault, if any. */
  lend(packet: Uint8Array, handle: (offset: number) => void): string | undefined {
    if (this.#busy) throw new Error('a call within a call');
    this.#busy = true;
    const { bytes } = this.memory;
    // Every alignment has its turn.
    this.#shift = (this.#shift + 1) & 7;
    const start = GUARD + this.#shift;
    const end = start + packet.length;
    bytes.fill(GUARD_BYTE, start - GUARD, start);
    bytes.set(packet, start);
    bytes.fill(GUARD_BYTE, end, end + GUARD);
    try {
      handle(start);
    } finally {
      this.#busy = false;
    }
    const intact = this.#isGuard(start - GUARD) && this.#isGuard(end);
    bytes.fill(POISON, start, end);
    return intact ? undefined : 'wrote outside the packet it was lent';
  }

  #isGuard(from: number): boolean {
    const { bytes } = this.memory;
    for (let i = from; i < from + GUARD; i++) if (bytes[i] !== GUARD_BYTE) return false;
    return true;
  }
}
