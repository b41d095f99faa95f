/**
 * Drives a client or relay core over a packet path: a call of the core for each row, one timer for its deadlines.
 *
 * The core decides, the path carries out; what lies between is this loop, which allocates nothing per row.
 */
import {
  type Batch,
  type PacketHandler,
  type PacketPath,
  type PacketPathFailure,
  ROW_ADDRESS,
  ROW_DROPPED,
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
import type { TunnelCore } from '../protocol/cores.js';
import type { TunnelOutput } from '../protocol/outputs.js';
import type { Instant } from '../protocol/time.js';
import { decapsulateEcn, ECN_NOT_CAPABLE } from '../wire/ecn.js';
import { IPV6_HEADER_LENGTH } from '../wire/ipv6.js';
import { Alarm } from './alarm.js';

/** Index of the service port among the path's sockets. */
const SERVICE_SOCKET = 0;

/** What a core sends through a path: the sink that client and relay are constructed with. */
export function pathOutput(path: PacketPath): TunnelOutput {
  return {
    sendDatagram: (bytes, address, port) => path.sendDatagram(SERVICE_SOCKET, bytes, address, port),
    sendRun: (bytes, segment, offload, address, port) =>
      path.sendRun(SERVICE_SOCKET, bytes, segment, offload, address, port),
    deliverPacket: (bytes) => path.writePacket(bytes),
  };
}

export class Tunnel implements PacketHandler {
  readonly #core: TunnelCore;
  readonly #path: PacketPath;
  readonly #clock: () => Instant;
  readonly #failed: (failure: PacketPathFailure) => void;
  readonly #alarm: Alarm;

  constructor(core: TunnelCore, path: PacketPath, clock: () => Instant, failed: (failure: PacketPathFailure) => void) {
    this.#core = core;
    this.#path = path;
    this.#clock = clock;
    this.#failed = failed;
    this.#alarm = new Alarm(clock, (now) => {
      core.handleTimeout(now);
      this.#alarm.set(core.nextTimeout());
    });
  }

  start(): void {
    this.#path.start(this);
  }

  /** To be called after every call of the core that did not come through here. */
  rearm(): void {
    this.#alarm.set(this.#core.nextTimeout());
  }

  close(): void {
    this.#alarm.cancel();
    this.#path.close();
  }

  handleDatagrams(count: number): void {
    const batch = this.#path.inbound;
    const now = this.#clock();
    for (let index = 0; index < count; index++) this.#judgeDatagram(now, batch, index * ROW_STRIDE);
    this.rearm();
  }

  handlePackets(count: number): void {
    const batch = this.#path.outbound;
    const { rows } = batch;
    const now = this.#clock();
    for (let index = 0; index < count; index++) {
      const row = index * ROW_STRIDE;
      const offset = rows[row + ROW_OFFSET] as number;
      const length = rows[row + ROW_LENGTH] as number;
      const segment = rows[row + ROW_SEGMENT] as number;
      if (!this.#core.handlePacket(now, batch, offset, length, segment, rows[row + ROW_OFFLOAD] as number)) {
        rows[row + ROW_VERDICT] = VERDICT_DROP;
        continue;
      }
      const { forward } = this.#core;
      rows[row + ROW_VERDICT] = VERDICT_FORWARD;
      rows[row + ROW_OFFSET] = forward.offset;
      rows[row + ROW_LENGTH] = forward.length;
      rows[row + ROW_ADDRESS] = forward.address;
      rows[row + ROW_PORT] = forward.port;
      rows[row + ROW_SOCKET] = SERVICE_SOCKET;
    }
    this.rearm();
  }

  handleFailure(failure: PacketPathFailure): void {
    this.#alarm.cancel();
    this.#failed(failure);
  }

  #judgeDatagram(now: Instant, batch: Batch, row: number): void {
    const { rows } = batch;
    if ((rows[row + ROW_SEGMENT] as number) > 0) {
      this.#judgeRun(now, batch, row);
      return;
    }
    const offset = rows[row + ROW_OFFSET] as number;
    const length = rows[row + ROW_LENGTH] as number;
    const address = rows[row + ROW_ADDRESS] as number;
    const isCarried = this.#carryEcn(batch, offset, length, rows[row + ROW_OFFLOAD] as number);
    if (!isCarried || !this.#core.handleDatagram(now, batch, offset, length, address, rows[row + ROW_PORT] as number)) {
      rows[row + ROW_VERDICT] = VERDICT_DROP;
      return;
    }
    const { forward } = this.#core;
    rows[row + ROW_VERDICT] = VERDICT_FORWARD;
    rows[row + ROW_OFFSET] = forward.offset;
    rows[row + ROW_LENGTH] = forward.length;
  }

  /**
   * Datagrams of one sender, each judged by itself: the row goes on with those that are forwarded, less their trailers.
   * One that is stripped of a shim is handed on by itself, before the others: such are a server's, and no flow of data.
   */
  #judgeRun(now: Instant, batch: Batch, row: number): void {
    const { rows } = batch;
    const { forward } = this.#core;
    const start = rows[row + ROW_OFFSET] as number;
    const end = start + (rows[row + ROW_LENGTH] as number);
    const segment = rows[row + ROW_SEGMENT] as number;
    const address = rows[row + ROW_ADDRESS] as number;
    const port = rows[row + ROW_PORT] as number;
    const ecn = rows[row + ROW_OFFLOAD] as number;
    rows[row + ROW_VERDICT] = VERDICT_FORWARD;
    let index = 0;
    for (let offset = start; offset < end; offset += segment, index++) {
      const length = Math.min(segment, end - offset);
      const isCarried = this.#carryEcn(batch, offset, length, ecn);
      if (isCarried && this.#core.handleDatagram(now, batch, offset, length, address, port)) {
        if (forward.offset === offset) continue;
        const packet = forward.offset;
        this.#path.writePacket(batch.bytes.subarray(packet, packet + forward.length));
      }
      const column = row + ROW_DROPPED + (index >>> 5);
      rows[column] = (rows[column] as number) | (1 << (index & 31));
    }
  }

  /** False: the mark that the datagram got on its way cannot be handed on. Shims are control traffic, without marks. */
  #carryEcn({ bytes }: Batch, offset: number, length: number, outer: number): boolean {
    if (outer === ECN_NOT_CAPABLE || length < IPV6_HEADER_LENGTH || (bytes[offset] as number) >>> 4 !== 6) return true;
    if (decapsulateEcn(bytes, offset, outer)) return true;
    this.#core.counters.drops.congestion++;
    return false;
  }
}
