/** Memory for batches: slabs of slots, and their rows. */
import { type Batch, ROW_STRIDE } from './packet-path.js';

/** Datagrams or packets in one batch. */
export const BATCH_CAPACITY = 64;

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
