/** Drives a server core over two sockets (primary and secondary address) and a way into native IPv6. */
import {
  type PacketHandler,
  type PacketPath,
  type PacketPathFailure,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFLOAD,
  ROW_OFFSET,
  ROW_PORT,
  ROW_SEGMENT,
  ROW_SOCKET,
  ROW_STRIDE,
  ROW_VERDICT,
  VERDICT_DROP,
  VERDICT_FORWARD,
} from '../io/packet-path.js';
import type { ServerCore } from '../protocol/cores.js';
import type { ServerOutput } from '../protocol/outputs.js';
import { decapsulateEcn } from '../wire/ecn.js';

export const serverOutput = (path: PacketPath): ServerOutput => ({
  sendDatagram: (socket, bytes, address, port) => path.sendDatagram(socket, bytes, address, port),
});

export class ServerTunnel implements PacketHandler {
  readonly #core: ServerCore;
  readonly #path: PacketPath;
  readonly #failed: (failure: PacketPathFailure) => void;

  constructor(core: ServerCore, path: PacketPath, failed: (failure: PacketPathFailure) => void) {
    this.#core = core;
    this.#path = path;
    this.#failed = failed;
  }

  start(): void {
    this.#path.start(this);
  }

  close(): void {
    this.#path.close();
  }

  handleDatagrams(count: number): void {
    const { rows } = this.#path.inbound;
    for (let index = 0; index < count; index++) {
      const row = index * ROW_STRIDE;
      rows[row + ROW_VERDICT] = VERDICT_DROP;
      const offset = rows[row + ROW_OFFSET] as number;
      const length = rows[row + ROW_LENGTH] as number;
      const segment = rows[row + ROW_SEGMENT] as number;
      if (segment > 0) {
        this.#handleRun(row, offset, length, segment);
      } else if (this.#judge(row, offset, length)) {
        rows[row + ROW_VERDICT] = VERDICT_FORWARD;
        rows[row + ROW_OFFSET] = this.#core.forward.offset;
        rows[row + ROW_LENGTH] = this.#core.forward.length;
      }
    }
  }

  /** A server has no interface; nothing comes from the IPv6 side. */
  handlePackets(): void {}

  handleFailure(failure: PacketPathFailure): void {
    this.#failed(failure);
  }

  #judge(row: number, offset: number, length: number): boolean {
    const batch = this.#path.inbound;
    const { rows } = batch;
    const socket = rows[row + ROW_SOCKET] as number;
    const address = rows[row + ROW_ADDRESS] as number;
    const port = rows[row + ROW_PORT] as number;
    if (!this.#core.handleDatagram(batch, offset, length, socket, address, port)) return false;
    // Only what leaves here for native IPv6 has got out of its tunnel (RFC 6040 §4.2).
    if (decapsulateEcn(batch.bytes, this.#core.forward.offset, rows[row + ROW_OFFLOAD] as number)) return true;
    this.#core.counters.drops.congestion++;
    return false;
  }

  /** Rare here: what a server routes natively are single echo tests. */
  #handleRun(row: number, start: number, length: number, segment: number): void {
    const { bytes } = this.#path.inbound;
    const { forward } = this.#core;
    for (let offset = start; offset < start + length; offset += segment) {
      if (!this.#judge(row, offset, Math.min(segment, start + length - offset))) continue;
      this.#path.writePacket(bytes.subarray(forward.offset, forward.offset + forward.length));
    }
  }
}
