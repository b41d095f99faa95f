/** Drives a server core over two sockets (primary and secondary address) and a way into native IPv6. */
import {
  type PacketHandler,
  type PacketPath,
  type PacketPathFailure,
  ROW_ADDRESS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_PORT,
  ROW_SOCKET,
  ROW_STRIDE,
  ROW_VERDICT,
  VERDICT_DROP,
  VERDICT_FORWARD,
} from '../io/packet-path.js';
import type { ServerCore } from '../protocol/cores.js';
import type { ServerOutput } from '../protocol/outputs.js';

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
    const batch = this.#path.inbound;
    const { rows } = batch;
    for (let index = 0; index < count; index++) {
      const row = index * ROW_STRIDE;
      const forwarded = this.#core.handleDatagram(
        batch,
        rows[row + ROW_OFFSET] as number,
        rows[row + ROW_LENGTH] as number,
        rows[row + ROW_SOCKET] as number,
        rows[row + ROW_ADDRESS] as number,
        rows[row + ROW_PORT] as number,
      );
      rows[row + ROW_VERDICT] = forwarded ? VERDICT_FORWARD : VERDICT_DROP;
      if (!forwarded) continue;
      rows[row + ROW_OFFSET] = this.#core.forward.offset;
      rows[row + ROW_LENGTH] = this.#core.forward.length;
    }
  }

  /** A server has no interface; nothing comes from the IPv6 side. */
  handlePackets(): void {}

  handleFailure(failure: PacketPathFailure): void {
    this.#failed(failure);
  }
}
