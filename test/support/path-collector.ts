/** A packet handler that keeps what comes and lets a test wait for it. */
import type { Batch, PacketHandler, PacketPath, PacketPathFailure } from '../../daemon/io/packet-path.js';
import { type RowValues, readRow } from './memory-path.js';

export interface Received extends RowValues {
  /** A copy. */
  readonly bytes: Uint8Array;
}

export class PathCollector implements PacketHandler {
  readonly datagrams: Received[] = [];
  readonly packets: Received[] = [];
  readonly failures: PacketPathFailure[] = [];
  /** Rows of each call, datagrams and packets alike. */
  readonly batches: number[] = [];
  readonly #path: PacketPath;
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  constructor(path: PacketPath) {
    this.#path = path;
  }

  handleDatagrams(count: number): void {
    this.#collect(this.#path.inbound, count, this.datagrams);
  }

  handlePackets(count: number): void {
    this.#collect(this.#path.outbound, count, this.packets);
  }

  handleFailure(failure: PacketPathFailure): void {
    this.failures.push(failure);
    this.#wake();
  }

  /** Resolves once `isMet` is true; asked again after each call of the path. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isMet, resolve }));
  }

  untilDatagrams(count: number): Promise<void> {
    return this.until(() => this.datagrams.length >= count);
  }

  #collect(batch: Batch, count: number, list: Received[]): void {
    this.batches.push(count);
    for (let i = 0; i < count; i++) {
      const row = readRow(batch, i);
      list.push({ ...row, bytes: batch.bytes.slice(row.offset, row.offset + row.length) });
    }
    this.#wake();
  }

  #wake(): void {
    const met = this.#waiting.filter((entry) => entry.isMet());
    this.#waiting = this.#waiting.filter((entry) => !met.includes(entry));
    for (const entry of met) entry.resolve();
  }
}
