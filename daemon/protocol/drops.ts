/** Why a packet was not forwarded. One counter each; the words are what a person reads in the statistics. */

export const DROP_REASONS = [
  /** Not a Teredo datagram (RFC 4380 §5.1.1), or an IPv6 packet that is none. */
  'malformed',
  /** IPv6 destination is not our own address, or not one this node serves. */
  'not-for-us',
  /** IPv6 source that may not come through the tunnel: link-local, multicast, our own, … */
  'bad-source',
  /** IPv6 destination that is not carried: multicast, link-local, not Teredo on a relay, … */
  'bad-destination',
  /** IPv4 address that is not global unicast (RFC 4380 §5.2.4). */
  'not-global-ipv4',
  /** Teredo source that came from another place than its address says. */
  'spoofed',
  /** From a peer that is not trusted, and no test could be made. */
  'untrusted',
  /** Router advertisement that was not asked for or did not pass every check. */
  'bad-advertisement',
  /** Authentication absent or wrong. */
  'bad-authentication',
  /** No qualified address yet. */
  'not-qualified',
  /** The queue for a peer that is being contacted is full. */
  'queue-full',
  /** The peer did not answer; the sender was told "unreachable". */
  'unreachable',
  /** Data through a server, which carries only bubbles and ICMPv6. */
  'via-server',
  /** Marked for congestion on the way, but its sender would not understand (RFC 6040 §4.2). */
  'congestion',
  /** Larger than the tunnel's MTU; its sender was told "packet too big". */
  'too-big',
  /** A bubble: processed, never delivered (RFC 4380 §5.2.3). Counted as a kind of its own, not as a fault. */
  'bubble',
  /** A packet of the protocol itself (advertisement, answer to our own echo test): processed, not delivered. */
  'control',
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

/** Monotonic counters of one core. */
export class Counters {
  datagramsIn = 0;
  bytesIn = 0;
  packetsOut = 0;
  bytesOut = 0;
  bubblesSent = 0;
  bubblesReceived = 0;
  readonly drops: Record<DropReason, number>;

  constructor() {
    const drops = {} as Record<DropReason, number>;
    for (const reason of DROP_REASONS) drops[reason] = 0;
    this.drops = drops;
  }
}
