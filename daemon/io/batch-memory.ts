/** Memory for batches: slabs of slots, and their rows. */
import { type Batch, ROW_STRIDE } from './packet-path.js';

/** Rows of a batch of datagrams; each has a slot of its own, since the kernel fills several at once. */
export const INBOUND_CAPACITY = 64;

/**
 * Rows of a batch of packets, which lie one behind the other: as many as wait in a TUN device, so that those of one
 * flow among many meet.
 */
export const OUTBOUND_CAPACITY = 512;
/** The addon stops reading at 512 KiB; one packet more must fit. */
export const OUTBOUND_BYTES = 640 * 1024;

/**
 * Bytes between two slots: 65,507 bytes of UDP payload fit, and a run that UDP_GRO or TSO hands over (67,584), plus
 * one cache line, so that the headers of successive slots do not all fall into the same few cache sets. Slots start
 * 64-byte aligned. Pages that no packet reaches are never touched and cost no memory.
 */
export const SLOT_BYTES = 67_584 + 64;

export function allocateBatch(capacity: number, bytes: number): Batch {
  const memory = new ArrayBuffer(bytes);
  return {
    bytes: new Uint8Array(memory),
    view: new DataView(memory),
    rows: new Int32Array(capacity * ROW_STRIDE),
    capacity,
  };
}
