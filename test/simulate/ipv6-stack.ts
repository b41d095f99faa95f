/** The IPv6 stack of a simulated host: answers echo requests, pings, and takes note of data and errors. */
import {
  echoData,
  emitEchoReply,
  emitIcmpv6,
  hasValidIcmpv6Checksum,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_UNREACHABLE,
  icmpv6TypeAt,
} from '../../daemon/wire/icmpv6.js';
import {
  formatIpv6,
  IPV6_DESTINATION,
  IPV6_HEADER_LENGTH,
  IPV6_NEXT_HEADER,
  IPV6_SOURCE,
  type Ipv6Address,
  readIpv6,
} from '../../daemon/wire/ipv6.js';
import type { VirtualClock } from '../support/virtual-clock.js';
import { dataOf, type Flows, isIntactData, NEXT_HEADER_UDP } from './flow.js';
import type { Violations } from './violations.js';

const ECHO_BODY = IPV6_HEADER_LENGTH + 8;
const HOP_LIMIT = 64;

/** An ICMPv6 "destination unreachable" as it arrived. */
export interface Refusal {
  readonly at: number;
  readonly code: number;
  /** Text of the destination of the packet that it quotes. */
  readonly destination: string;
}

export interface StackOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly violations: Violations;
  readonly flows: Flows;
  /** The present address, if there is one. */
  address(): Ipv6Address | undefined;
  transmit(packet: Uint8Array): void;
}

export class Ipv6Stack {
  readonly name: string;
  readonly refusals: Refusal[] = [];
  /** Answers to our own pings. */
  echoReplies = 0;
  /** Echo replies that nobody here asked for. */
  strayReplies = 0;
  requestsAnswered = 0;
  /** Packets whose checksum is wrong: the line damaged them. */
  damaged = 0;
  dataPackets = 0;
  readonly #options: StackOptions;
  readonly #asked = new Set<number>();
  #nextEcho = 1;

  constructor(options: StackOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get address(): Ipv6Address | undefined {
    return this.#options.address();
  }

  get now(): number {
    return this.#options.clock.now;
  }

  /** What the host sends leaves by itself, never from inside the call that brought something. */
  transmit(packet: Uint8Array): void {
    this.#options.clock.after(0, () => this.#options.transmit(packet));
  }

  ping(destination: Ipv6Address): void {
    const source = this.address;
    if (source === undefined) return;
    const id = this.#nextEcho++;
    this.#asked.add(id);
    const body = new Uint8Array(16);
    body[0] = ICMPV6_ECHO_REQUEST;
    new DataView(body.buffer).setUint32(4, id);
    this.transmit(emitIcmpv6(source, destination, HOP_LIMIT, body));
  }

  /** A valid IPv6 packet for this host; it is the host's own copy. */
  receive(packet: Uint8Array): void {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    if (view.getUint8(IPV6_NEXT_HEADER) === NEXT_HEADER_UDP) this.#receiveData(packet, view);
    else if (icmpv6TypeAt(view, 0) >= 0) this.#receiveIcmp(packet, view);
  }

  #receiveData(packet: Uint8Array, view: DataView): void {
    if (!isIntactData(view)) {
      this.damaged++;
      return;
    }
    const { violations, flows } = this.#options;
    const { flow: id, sequence } = dataOf(packet);
    const flow = flows.find(id);
    const forgery = flow === undefined ? 'data that belongs to no flow' : flow.forgery(this, packet);
    if (forgery !== undefined) violations.report(this.name, forgery);
    this.dataPackets++;
    flow?.arrive(sequence);
  }

  #receiveIcmp(packet: Uint8Array, view: DataView): void {
    if (!hasValidIcmpv6Checksum(view, 0)) {
      this.damaged++;
      return;
    }
    const type = icmpv6TypeAt(view, 0);
    if (type === ICMPV6_ECHO_REQUEST && packet.length >= ECHO_BODY) this.#answer(packet, view);
    else if (type === ICMPV6_ECHO_REPLY && packet.length >= ECHO_BODY) this.#receiveReply(view);
    else if (type === ICMPV6_UNREACHABLE) this.#receiveRefusal(packet, view);
  }

  #answer(packet: Uint8Array, view: DataView): void {
    const source = this.address;
    if (source === undefined) return;
    this.requestsAnswered++;
    const identity = packet.subarray(IPV6_HEADER_LENGTH + 4, ECHO_BODY);
    const data = echoData(packet, view, 0);
    this.transmit(emitEchoReply(source, readIpv6(packet, IPV6_SOURCE), identity, data));
  }

  #receiveReply(view: DataView): void {
    const id = view.getUint32(IPV6_HEADER_LENGTH + 4);
    if (this.#asked.has(id)) this.echoReplies++;
    else this.strayReplies++;
  }

  #receiveRefusal(packet: Uint8Array, view: DataView): void {
    const quoted = ECHO_BODY + IPV6_DESTINATION;
    if (packet.length < quoted + 16) return;
    const destination = formatIpv6(packet.subarray(quoted, quoted + 16));
    const code = view.getUint8(IPV6_HEADER_LENGTH + 1);
    this.refusals.push({ at: this.#options.clock.now, code, destination });
  }
}
