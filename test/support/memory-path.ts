/**
 * A packet path without a kernel: a test injects datagrams and packets and sees what leaves, in order.
 *
 * It keeps the rules of the real one (daemon/io/kernel-path.ts): one handler call a batch, rows preset to DROP, what
 * the handler sends by itself leaves before the batch's rows, a handler that throws loses its rows, a run's packets lose
 * their trailers, nothing happens after close. Here the error goes to whoever injected.
 */
import { allocateBatch } from '../../daemon/io/batch-memory.js';
import {
  type Batch,
  type PacketHandler,
  type PacketPath,
  type PacketPathCounters,
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
  VERDICT_FORWARD,
} from '../../daemon/io/packet-path.js';
import { type Ipv4Address, ipv4, type Port, port } from '../../daemon/wire/ipv4.js';

/** A datagram or run that left, or was put in. `bytes` belongs to the reader. */
export interface MemoryDatagram {
  readonly kind: 'datagram';
  readonly socket: number;
  readonly bytes: Uint8Array;
  readonly address: Ipv4Address;
  readonly port: Port;
  readonly segment: number;
  readonly offload: number;
}

/** An IPv6 packet that was handed to the IPv6 side. */
export interface MemoryPacket {
  readonly kind: 'packet';
  readonly bytes: Uint8Array;
}

export type Emission = MemoryDatagram | MemoryPacket;

export interface InjectedDatagram {
  readonly bytes: Uint8Array;
  readonly address: Ipv4Address;
  readonly port: Port;
  /** 0 unless told otherwise. */
  readonly socket?: number;
  readonly segment?: number;
  /** ECN field of the outer header; 0 unless told otherwise. */
  readonly ecn?: number;
}

/** A packet, or a run of them behind one header. */
export interface InjectedPacket {
  readonly bytes: Uint8Array;
  readonly segment?: number;
  readonly offload?: number;
}

export interface MemoryPathOptions {
  /** Rows in a batch; more that is injected at once comes in several calls. */
  readonly capacity?: number;
  /** Longest datagram or packet that can be injected, in bytes. */
  readonly slotBytes?: number;
  /** Told of each emission as it leaves; without it they gather in `emissions`. May inject into any path. */
  readonly onEmission?: (emission: Emission) => void;
}

export class MemoryPath implements PacketPath {
  readonly inbound: Batch;
  readonly outbound: Batch;
  /** What left and was not taken yet. */
  readonly emissions: Emission[] = [];
  closed = false;
  /** Handler calls so far. */
  calls = 0;
  readonly #slotBytes: number;
  readonly #onEmission: ((emission: Emission) => void) | undefined;
  #handler: PacketHandler | undefined;
  #pending: Emission[] = [];
  #dispatching = false;

  constructor({ capacity = 64, slotBytes = 2048, onEmission }: MemoryPathOptions = {}) {
    this.#slotBytes = slotBytes;
    this.#onEmission = onEmission;
    this.inbound = allocateBatch(capacity, capacity * slotBytes);
    this.outbound = allocateBatch(capacity, capacity * slotBytes);
  }

  start(handler: PacketHandler): void {
    if (this.#handler !== undefined) throw new Error('The packet path was started before.');
    this.#handler = handler;
  }

  /** Received in one batch, as far as the capacity goes. */
  injectDatagrams(datagrams: readonly InjectedDatagram[]): void {
    for (const chunk of chunks(datagrams, this.inbound.capacity)) {
      for (const [i, datagram] of chunk.entries()) {
        const row = this.#fill(this.inbound, i, datagram.bytes, datagram.segment ?? 0);
        this.inbound.rows[row + ROW_ADDRESS] = datagram.address;
        this.inbound.rows[row + ROW_PORT] = datagram.port;
        this.inbound.rows[row + ROW_SOCKET] = datagram.socket ?? 0;
        this.inbound.rows[row + ROW_OFFLOAD] = datagram.ecn ?? 0;
      }
      this.#run(
        (handler) => handler.handleDatagrams(chunk.length),
        () => this.#packetRows(chunk.length),
      );
    }
  }

  injectDatagram(bytes: Uint8Array, address: Ipv4Address, fromPort: Port, socket = 0): void {
    this.injectDatagrams([{ bytes, address, port: fromPort, socket }]);
  }

  /** Sent by the IPv6 stack in one batch, as far as the capacity goes. */
  injectPackets(packets: readonly InjectedPacket[]): void {
    for (const chunk of chunks(packets, this.outbound.capacity)) {
      for (const [i, packet] of chunk.entries()) {
        const row = this.#fill(this.outbound, i, packet.bytes, packet.segment ?? 0);
        this.outbound.rows[row + ROW_OFFLOAD] = packet.offload ?? 0;
      }
      this.#run(
        (handler) => handler.handlePackets(chunk.length),
        () => this.#datagramRows(chunk.length),
      );
    }
  }

  injectPacket(bytes: Uint8Array): void {
    this.injectPackets([{ bytes }]);
  }

  /** The descriptor behind the path fails; nothing is received any more. */
  fail(failure: PacketPathFailure): void {
    const handler = this.#handler;
    this.#run(
      () => handler?.handleFailure(failure),
      () => [],
    );
    this.#handler = undefined;
  }

  /** Returns and forgets what left so far. */
  take(): Emission[] {
    return this.emissions.splice(0);
  }

  takeDatagrams(): MemoryDatagram[] {
    return this.take().filter((emission) => emission.kind === 'datagram');
  }

  takePackets(): Uint8Array[] {
    return this.take().flatMap((emission) => (emission.kind === 'packet' ? [emission.bytes] : []));
  }

  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address, toPort: Port): void {
    this.sendRun(socket, bytes, 0, 0, address, toPort);
  }

  sendRun(
    socket: number,
    bytes: Uint8Array,
    segment: number,
    offload: number,
    address: Ipv4Address,
    toPort: Port,
  ): void {
    this.#send({
      kind: 'datagram',
      socket,
      bytes: bytes.slice(),
      address: ipv4(address),
      port: toPort,
      segment,
      offload,
    });
  }

  writePacket(bytes: Uint8Array): void {
    this.#send({ kind: 'packet', bytes: bytes.slice() });
  }

  counters(): PacketPathCounters {
    return {
      receiveCalls: this.calls,
      sendCalls: 0,
      sendWouldBlock: 0,
      sendRefused: 0,
      deliverRefused: 0,
      lastError: '',
    };
  }

  close(): void {
    this.closed = true;
  }

  #fill(batch: Batch, index: number, bytes: Uint8Array, segment: number): number {
    if (bytes.length > this.#slotBytes) throw new RangeError(`${bytes.length} bytes: raise slotBytes.`);
    const offset = index * this.#slotBytes;
    const row = index * ROW_STRIDE;
    batch.bytes.set(bytes, offset);
    batch.rows.fill(0, row, row + ROW_STRIDE);
    batch.rows[row + ROW_OFFSET] = offset;
    batch.rows[row + ROW_LENGTH] = bytes.length;
    batch.rows[row + ROW_SEGMENT] = segment;
    return row;
  }

  #run(call: (handler: PacketHandler) => void, rows: () => Emission[]): void {
    const handler = this.#handler;
    if (handler === undefined || this.closed) return;
    if (this.#dispatching) throw new Error('Injected from within a handler call: no kernel does that.');
    this.#dispatching = true;
    this.calls++;
    let forwarded: Emission[] = [];
    try {
      call(handler);
      // Copied before anything leaves: an observer may inject anew, and slots are reused.
      if (!this.closed) forwarded = rows();
    } finally {
      this.#dispatching = false;
      const pending = this.#pending;
      this.#pending = [];
      for (const emission of pending) this.#emit(emission);
    }
    for (const emission of forwarded) this.#emit(emission);
  }

  #packetRows(count: number): Emission[] {
    const { bytes } = this.inbound;
    return forwardedRows(this.inbound, count).flatMap(({ offset, length, segment, dropped }) => {
      const size = segment === 0 ? Math.max(length, 1) : segment;
      const starts = Array.from({ length: Math.ceil(length / size) }, (_, i) => i).filter((i) => !dropped.includes(i));
      return starts.map((i): MemoryPacket => {
        const start = offset + i * size;
        const packet = bytes.slice(start, Math.min(start + size, offset + length));
        return { kind: 'packet', bytes: segment === 0 ? packet : withoutTrailer(packet) };
      });
    });
  }

  #datagramRows(count: number): Emission[] {
    const { bytes } = this.outbound;
    return forwardedRows(this.outbound, count).map((row) => ({
      kind: 'datagram',
      socket: row.socket,
      bytes: bytes.slice(row.offset, row.offset + row.length),
      address: ipv4(row.address),
      port: port(row.port),
      segment: row.segment,
      offload: row.offload,
    }));
  }

  #send(emission: Emission): void {
    if (this.closed) return;
    if (this.#dispatching) this.#pending.push(emission);
    else this.#emit(emission);
  }

  #emit(emission: Emission): void {
    if (this.#onEmission === undefined) this.emissions.push(emission);
    else this.#onEmission(emission);
  }
}

/** A row as an object. */
export interface RowValues {
  readonly offset: number;
  readonly length: number;
  readonly segment: number;
  readonly address: number;
  readonly port: number;
  readonly socket: number;
  readonly verdict: number;
  readonly offload: number;
  /** Of an inbound run, the datagrams that do not go with the others. */
  readonly dropped: readonly number[];
}

export function readRow(batch: Batch, index: number): RowValues {
  const column = (name: number): number => batch.rows[index * ROW_STRIDE + name] ?? 0;
  return {
    offset: column(ROW_OFFSET),
    length: column(ROW_LENGTH),
    segment: column(ROW_SEGMENT),
    address: column(ROW_ADDRESS),
    port: column(ROW_PORT),
    socket: column(ROW_SOCKET),
    verdict: column(ROW_VERDICT),
    offload: column(ROW_OFFLOAD),
    dropped: Array.from({ length: 128 }, (_, i) => i).filter((i) => (column(ROW_DROPPED + (i >>> 5)) >>> (i & 31)) & 1),
  };
}

/** As the addon does with the datagrams of a run. */
function withoutTrailer(packet: Uint8Array): Uint8Array {
  if (packet.length < 40) return packet;
  return packet.subarray(0, 40 + new DataView(packet.buffer).getUint16(4));
}

function forwardedRows(batch: Batch, count: number): RowValues[] {
  const rows: RowValues[] = [];
  for (let i = 0; i < count; i++) {
    const row = readRow(batch, i);
    if (row.verdict !== VERDICT_FORWARD) continue;
    if (row.offset < 0 || row.length < 0 || row.offset + row.length > batch.bytes.length) {
      throw new RangeError(`Row ${i} lies outside of the slab: ${row.offset} + ${row.length}.`);
    }
    rows.push(row);
  }
  return rows;
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const result: Item[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}
