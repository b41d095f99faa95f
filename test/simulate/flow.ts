/**
 * Data of the simulated hosts: numbered packets that tell who sent them. A receiver can thus say of each whether it
 * is genuine, which is what a forger must never bring about.
 */
import { upperLayerChecksum, upperLayerSum } from '../../daemon/wire/checksum.js';
import {
  formatIpv6,
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER,
  IPV6_PAYLOAD_LENGTH,
  IPV6_SOURCE,
  type Ipv6Address,
  writeIpv6Header,
} from '../../daemon/wire/ipv6.js';
import type { Ipv6Stack } from './ipv6-stack.js';

export const NEXT_HEADER_UDP = 17;
const UDP_HEADER_LENGTH = 8;
const FLOW_AT = IPV6_HEADER_LENGTH + UDP_HEADER_LENGTH;
const SEQUENCE_AT = FLOW_AT + 4;
const SEAL_AT = SEQUENCE_AT + 4;
/** Smallest payload behind the UDP header: flow, sequence number and seal. */
const NUMBERS_LENGTH = 12;
const UDP_CHECKSUM_AT = IPV6_HEADER_LENGTH + 6;
const DATA_PORT = 40000;
const DEFAULT_SIZE = 64;

/** Where a flow goes: a host, whose address may change on the way. */
export interface FlowOptions {
  /** Bytes behind the UDP header. */
  readonly size?: number;
}

export class Flow {
  readonly id: number;
  readonly from: Ipv6Stack;
  readonly to: Ipv6Stack;
  readonly size: number;
  sent = 0;
  /** Sequence numbers in the order of their arrival, from 0. */
  readonly arrivals: number[] = [];
  /** The longest that a packet of it was on its way, in milliseconds. */
  slowest = 0;
  readonly #sentAt: number[] = [];
  readonly #sources = new Set<string>();

  constructor(id: number, from: Ipv6Stack, to: Ipv6Stack, options: FlowOptions) {
    this.id = id;
    this.from = from;
    this.to = to;
    this.size = Math.max(NUMBERS_LENGTH, options.size ?? DEFAULT_SIZE);
  }

  /** Sends packets back to back. Those for which either end has no address just now count as sent, and are lost. */
  send(count = 1): void {
    for (let i = 0; i < count; i++) {
      const sequence = this.sent++;
      this.#sentAt.push(this.from.now);
      const source = this.from.address;
      const destination = this.to.address;
      if (source === undefined || destination === undefined) continue;
      this.#sources.add(formatIpv6(source));
      this.from.transmit(emitData(source, destination, this.id, sequence, this.size));
    }
  }

  /** Why a packet of this flow that `receiver` got cannot be genuine, if so. */
  forgery(receiver: Ipv6Stack, packet: Uint8Array): string | undefined {
    if (receiver !== this.to) return `data for ${this.to.name} came to another host`;
    const source = formatIpv6(packet.subarray(IPV6_SOURCE, IPV6_SOURCE + 16));
    if (!this.#sources.has(source)) return `data with the source ${source}, which never sent it`;
    return dataOf(packet).sequence < this.sent ? undefined : 'data that was never sent';
  }

  arrive(sequence: number): void {
    this.arrivals.push(sequence);
    this.slowest = Math.max(this.slowest, this.to.now - (this.#sentAt[sequence] ?? Number.NEGATIVE_INFINITY));
  }

  get arrived(): number {
    return new Set(this.arrivals).size;
  }

  get isComplete(): boolean {
    return this.arrived === this.sent;
  }

  get isInOrder(): boolean {
    return this.arrivals.every((sequence, i) => i === 0 || (this.arrivals[i - 1] ?? 0) < sequence);
  }
}

/** Damage that the UDP checksum lets through (two turned bits of one weight) must not pass for a forgery: FNV-1a. */
function sealOf(packet: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = IPV6_SOURCE; i < SEAL_AT; i++) {
    if (i < UDP_CHECKSUM_AT || i >= FLOW_AT) hash = Math.imul(hash ^ (packet[i] ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

/** A UDP packet with a right checksum; with numbers that no flow has, it is a forger's. */
export function emitData(
  source: Ipv6Address,
  destination: Ipv6Address,
  flow: number,
  sequence: number,
  size = DEFAULT_SIZE,
): Uint8Array {
  const payloadLength = UDP_HEADER_LENGTH + Math.max(NUMBERS_LENGTH, size);
  const packet = new Uint8Array(IPV6_HEADER_LENGTH + payloadLength);
  writeIpv6Header(packet, 0, { source, destination, nextHeader: NEXT_HEADER_UDP, hopLimit: 64, payloadLength });
  const view = new DataView(packet.buffer);
  view.setUint16(IPV6_HEADER_LENGTH, DATA_PORT);
  view.setUint16(IPV6_HEADER_LENGTH + 2, DATA_PORT);
  view.setUint16(IPV6_HEADER_LENGTH + 4, payloadLength);
  view.setUint32(FLOW_AT, flow);
  view.setUint32(SEQUENCE_AT, sequence);
  view.setUint32(SEAL_AT, sealOf(packet));
  view.setUint16(UDP_CHECKSUM_AT, upperLayerChecksum(view, 0, NEXT_HEADER_UDP, payloadLength));
  return packet;
}

export function isIntactData(view: DataView): boolean {
  const length = view.getUint16(IPV6_PAYLOAD_LENGTH);
  if (view.getUint8(IPV6_NEXT_HEADER) !== NEXT_HEADER_UDP || length < UDP_HEADER_LENGTH + NUMBERS_LENGTH) return false;
  if (upperLayerSum(view, 0, NEXT_HEADER_UDP, length) !== 0xffff) return false;
  return view.getUint32(SEAL_AT) === sealOf(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

export function dataOf(packet: Uint8Array): { readonly flow: number; readonly sequence: number } {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return { flow: view.getUint32(FLOW_AT), sequence: view.getUint32(SEQUENCE_AT) };
}

/** All flows of a simulation. */
export class Flows {
  readonly #flows: Flow[] = [];

  open(from: Ipv6Stack, to: Ipv6Stack, options: FlowOptions = {}): Flow {
    const flow = new Flow(this.#flows.length, from, to, options);
    this.#flows.push(flow);
    return flow;
  }

  find(id: number): Flow | undefined {
    return this.#flows[id];
  }
}
