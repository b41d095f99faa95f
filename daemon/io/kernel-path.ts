/**
 * The packet path over the kernel: a TUN device or a raw socket on the IPv6 side, UDP sockets on the IPv4 side.
 *
 * Theory of operation. The addon polls the descriptors inside Node's event loop, reads a batch into `inbound` or
 * `outbound` and calls {@link KernelPath.#dispatch} once. What the tunnel sends by itself during that call is copied
 * into a third batch, `pending`, whose row count both sides see; the addon sends it with the batch's own rows, all
 * that leaves by one socket in one sendmmsg. Outside of a call, `pending` is flushed at once.
 *
 * A handler that throws loses its batch's verdicts, which cannot be trusted, but what it sent by itself leaves; the
 * error surfaces as an uncaughtException.
 */
import type { Ipv4Address, Port } from '../wire/ipv4.js';
import { allocateBatch, INBOUND_CAPACITY, OUTBOUND_BYTES, OUTBOUND_CAPACITY, SLOT_BYTES } from './batch-memory.js';
import {
  type Dispatch,
  EVENT_DATAGRAMS,
  EVENT_PACKETS,
  EVENT_TUN_FAILED,
  loadAddon,
  type NativeAddon,
  type NativePath,
  OFFLOAD_JOIN_TCP,
  OFFLOAD_JOIN_UDP,
  OFFLOAD_RECEIVE_RUNS,
  OFFLOAD_SEND_RUNS,
} from './native-addon.js';
import {
  type Batch,
  type PacketHandler,
  type PacketPath,
  type PacketPathCounters,
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
  VERDICT_FORWARD,
} from './packet-path.js';

/** Descriptors that the path takes over: it closes them. */
export interface PathDescriptors {
  /** Where forwarded datagrams go, and where packets come from. */
  readonly tun?: number;
  /** Instead of a TUN device: where forwarded datagrams go; nothing comes from it. */
  readonly raw?: number;
  /** UDP sockets; the index is ROW_SOCKET. */
  readonly sockets: readonly number[];
}

/**
 * What the kernel may be asked for. What it refuses the path finds out and does without; here a test can say so in
 * advance. All is on by default.
 */
export interface PathOffload {
  /** Runs of datagrams on receive (UDP_GRO). */
  readonly receiveRuns?: boolean;
  /** Several datagrams of one size in one message (UDP_SEGMENT). */
  readonly sendRuns?: boolean;
  /** TCP packets of a flow joined before they go to the TUN device. */
  readonly joinTcp?: boolean;
  /** The same for UDP. */
  readonly joinUdp?: boolean;
}

const offloadBits = ({ receiveRuns, sendRuns, joinTcp, joinUdp }: PathOffload): number =>
  (receiveRuns === false ? 0 : OFFLOAD_RECEIVE_RUNS) |
  (sendRuns === false ? 0 : OFFLOAD_SEND_RUNS) |
  (joinTcp === false ? 0 : OFFLOAD_JOIN_TCP) |
  (joinUdp === false ? 0 : OFFLOAD_JOIN_UDP);

/** BOUNDED: what a handler call sends by itself waits here; when either is used up it leaves early. */
const PENDING_ROWS = 256;
const PENDING_BYTES = 256 * 1024;
/** SOCKET of a pending row that goes to the IPv6 side. */
const PACKET = -1;

/** Order of the shared counters (struct Counters in native/rows.h). */
const RECEIVE_CALLS = 0;
const SEND_CALLS = 1;
const SEND_WOULD_BLOCK = 2;
const SEND_REFUSED = 3;
const DELIVER_REFUSED = 4;
const LAST_ERRNO = 5;
const COUNTERS = 6;

/** Throws when a descriptor is not open or cannot be polled; they are then still the caller's. */
export function openPacketPath(descriptors: PathDescriptors, offload: PathOffload = {}): PacketPath {
  return new KernelPath(descriptors, offload, loadAddon());
}

class KernelPath implements PacketPath {
  readonly inbound = allocateBatch(INBOUND_CAPACITY, INBOUND_CAPACITY * SLOT_BYTES);
  readonly outbound = allocateBatch(OUTBOUND_CAPACITY, OUTBOUND_BYTES);
  readonly #pending: Batch = allocateBatch(PENDING_ROWS, PENDING_BYTES);
  readonly #pendingCount = new Int32Array(1);
  readonly #counters = new Float64Array(COUNTERS);
  readonly #addon: NativeAddon;
  readonly #native: NativePath;
  #pendingBytes = 0;
  #handler: PacketHandler | undefined;
  #dispatching = false;
  #closed = false;

  constructor(descriptors: PathDescriptors, offload: PathOffload, addon: NativeAddon) {
    this.#addon = addon;
    const memory = {
      inboundBytes: this.inbound.bytes,
      inboundRows: this.inbound.rows,
      outboundBytes: this.outbound.bytes,
      outboundRows: this.outbound.rows,
      pendingBytes: this.#pending.bytes,
      pendingRows: this.#pending.rows,
      pendingCount: this.#pendingCount,
      counters: this.#counters,
    };
    this.#native = addon.openPath(
      memory,
      this.#dispatch,
      descriptors.tun ?? -1,
      descriptors.raw ?? -1,
      descriptors.sockets,
      offloadBits(offload),
    );
  }

  start(handler: PacketHandler): void {
    if (this.#closed) return;
    if (this.#handler !== undefined) throw new Error('The packet path was started before.');
    this.#handler = handler;
    this.#addon.startPath(this.#native);
  }

  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address, port: Port): void {
    this.#send(socket, bytes, 0, 0, address, port);
  }

  sendRun(socket: number, bytes: Uint8Array, segment: number, offload: number, address: Ipv4Address, port: Port): void {
    this.#send(socket, bytes, segment, offload, address, port);
  }

  writePacket(bytes: Uint8Array): void {
    this.#send(PACKET, bytes, 0, 0, 0, 0);
  }

  counters(): PacketPathCounters {
    const counters = this.#counters;
    const errno = counters[LAST_ERRNO] ?? 0;
    return {
      receiveCalls: counters[RECEIVE_CALLS] ?? 0,
      sendCalls: counters[SEND_CALLS] ?? 0,
      sendWouldBlock: counters[SEND_WOULD_BLOCK] ?? 0,
      sendRefused: counters[SEND_REFUSED] ?? 0,
      deliverRefused: counters[DELIVER_REFUSED] ?? 0,
      lastError: errno === 0 ? '' : this.#addon.errnoName(errno),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#addon.closePath(this.#native);
  }

  readonly #dispatch: Dispatch = (event, argument) => {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#dispatching = true;
    try {
      if (event === EVENT_DATAGRAMS) handler.handleDatagrams(argument);
      else if (event === EVENT_PACKETS) handler.handlePackets(argument);
      else handler.handleFailure(this.#failure(event, argument));
    } finally {
      this.#dispatching = false;
    }
  };

  #failure(event: number, code: number): PacketPathFailure {
    const errno = this.#addon.errnoName(code);
    if (event === EVENT_TUN_FAILED) {
      const sentence = `The tunnel's network interface is gone: reading from it failed with ${errno}.`;
      return { code: 'tun-failed', errno, sentence };
    }
    return { code: 'udp-failed', errno, sentence: `The UDP socket is unusable: receiving failed with ${errno}.` };
  }

  #send(socket: number, bytes: Uint8Array, segment: number, offload: number, address: number, port: number): void {
    if (this.#closed) return;
    const length = bytes.length;
    if (this.#pendingCount[0] === 0) this.#pendingBytes = 0;
    if (this.#pendingCount[0] === PENDING_ROWS || this.#pendingBytes + length > PENDING_BYTES) this.#flush();
    if (length > PENDING_BYTES) throw new RangeError(`A packet of ${length} bytes was to be sent.`);

    const index = this.#pendingCount[0] ?? 0;
    const offset = this.#pendingBytes;
    this.#pending.bytes.set(bytes, offset);
    const rows = this.#pending.rows;
    const row = index * ROW_STRIDE;
    rows[row + ROW_OFFSET] = offset;
    rows[row + ROW_LENGTH] = length;
    rows[row + ROW_SEGMENT] = segment;
    rows[row + ROW_ADDRESS] = address;
    rows[row + ROW_PORT] = port;
    rows[row + ROW_SOCKET] = socket;
    rows[row + ROW_VERDICT] = VERDICT_FORWARD;
    rows[row + ROW_OFFLOAD] = offload;
    this.#pendingBytes = offset + length;
    this.#pendingCount[0] = index + 1;
    if (!this.#dispatching) this.#flush();
  }

  #flush(): void {
    this.#addon.flushPath(this.#native);
    this.#pendingBytes = 0;
  }
}
