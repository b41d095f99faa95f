/**
 * The packet path: batches of UDP datagrams and of IPv6 packets, between the kernel and one Teredo tunnel.
 *
 * Theory of operation. When a descriptor is readable, the device reads a batch into one slab of memory and
 * describes it in a table of rows (typed arrays shared with the addon). It then calls the tunnel once. The tunnel
 * looks at each row, writes the verdict and, where the verdict is FORWARD, where the packet goes, into the same row.
 * When the call returns the device carries the verdicts out with as few system calls as it can. Nothing is
 * allocated per packet, and no Teredo rule lives below this line.
 *
 * A row is a packet or a *run*: several packets of equal size (but the last) from one sender, as the kernel's
 * UDP_GRO and TSO hand them over. SEGMENT is 0 for a packet, else the size of one. The tunnel's judgement of a
 * run is one look at its first header outward; inward each datagram of a run is judged by itself.
 *
 * Ownership: slab and rows belong to the device and are reused after the call returns. What must live longer
 * (a packet queued for a peer that is being contacted) is copied by the tunnel.
 */
import type { Ipv4Address, Port } from '../wire/ipv4.js';

/** Int32 columns of a row; row i begins at i * ROW_STRIDE. */
export const ROW_STRIDE = 12;
/** Byte offset in the slab. In: first byte of the UDP payload or IPv6 packet. Out: first byte to forward. */
export const ROW_OFFSET = 0;
/**
 * Bytes from there. Inward the tunnel shortens it to the IPv6 packet (no header shims, no trailers); the trailers of a
 * run's datagrams, whose places are fixed, the device leaves away.
 */
export const ROW_LENGTH = 1;
/**
 * 0 when the row is one packet. Inward: size of each datagram of a run but the last, one behind the other. Outward:
 * payload of each packet but the last; there is one header, for all of them.
 */
export const ROW_SEGMENT = 2;
/** Inward: IPv4 source of the datagram. Outward: where to send it. Host order, as a signed int32. */
export const ROW_ADDRESS = 3;
/** UDP port that goes with ROW_ADDRESS. */
export const ROW_PORT = 4;
/** Index of the local socket it came in by, or shall leave by (0 is the service port; servers have two). */
export const ROW_SOCKET = 5;
/** VERDICT_DROP or VERDICT_FORWARD; the device presets DROP. */
export const ROW_VERDICT = 6;
/**
 * Outward where the headers of a run lie, for one that is queued and sent later; the tunnel knows that bits 12 to 23 are
 * their length, and no more. Inward: the ECN field of the outer header (RFC 3168 §5), which the datagrams of a run share.
 */
export const ROW_OFFLOAD = 7;
/**
 * Four columns of bits, preset 0: of an inbound run with VERDICT_FORWARD, datagram i does not go with the others when
 * bit i & 31 of column i >>> 5 is set. No run has more than 128.
 */
export const ROW_DROPPED = 8;

export const VERDICT_DROP = 0;
export const VERDICT_FORWARD = 1;

/** One direction's shared memory. */
export interface Batch {
  readonly bytes: Uint8Array;
  /** The same memory as `bytes`. */
  readonly view: DataView;
  readonly rows: Int32Array;
  readonly capacity: number;
}

/** What the tunnel does for the device. Called synchronously, one call a batch; must not throw. */
export interface PacketHandler {
  /** `count` rows of `inbound` hold received UDP datagrams. FORWARD hands bytes to the IPv6 stack. */
  handleDatagrams(count: number): void;
  /** `count` rows of `outbound` hold packets the IPv6 stack sent. FORWARD sends to ADDRESS:PORT from SOCKET. */
  handlePackets(count: number): void;
  /** A descriptor failed for good (the interface was deleted, for one). The path has stopped by itself. */
  handleFailure(failure: PacketPathFailure): void;
}

export interface PacketPathFailure {
  readonly code: 'tun-failed' | 'udp-failed' | 'raw-failed';
  /** The system's error name, such as EBADFD. */
  readonly errno: string;
  readonly sentence: string;
}

/** Counters that only the device can know. All monotonic. */
export interface PacketPathCounters {
  /** System calls that read or wrote packets; packets / calls is the batching achieved. */
  readonly receiveCalls: number;
  readonly sendCalls: number;
  /** Datagrams the kernel refused to send, by cause. */
  readonly sendWouldBlock: number;
  readonly sendRefused: number;
  /** Packets the IPv6 stack refused. */
  readonly deliverRefused: number;
  /** Errno name of the last refusal, '' when there was none. */
  readonly lastError: string;
}

export interface PacketPath {
  readonly inbound: Batch;
  readonly outbound: Batch;
  /** Begins to call the handler. */
  start(handler: PacketHandler): void;
  /**
   * Sends one datagram from socket `socket`. The bytes are copied before it returns. Inside a handler call the
   * datagram leaves when the batch is carried out, in the order of the calls for that socket and before the batch's
   * own rows (a bubble that opens a hole leaves before the data that needs it); outside, at once.
   */
  sendDatagram(socket: number, bytes: Uint8Array, address: Ipv4Address, port: Port): void;
  /**
   * Sends what {@link ROW_OFFLOAD} and SEGMENT said of a packet that was queued; with segment 0 the same as
   * sendDatagram.
   */
  sendRun(socket: number, bytes: Uint8Array, segment: number, offload: number, address: Ipv4Address, port: Port): void;
  /** Hands one IPv6 packet to the IPv6 stack; copied and ordered as {@link sendDatagram}. */
  writePacket(bytes: Uint8Array): void;
  counters(): PacketPathCounters;
  /** Stops and closes every descriptor it was given. Idempotent. */
  close(): void;
}
