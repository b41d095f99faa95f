/**
 * Network address translators of the four classic behaviours, as nftables rules.
 *
 * Linux' own masquerading is "port-restricted" only as long as it can keep the port, and it keeps the inside's port,
 * which hides faults of a Teredo client that takes its local port for the mapped one. So:
 *
 * - Mapping. The first packet of an inside socket gets a random port. The first three types note it down, and give it
 *   to the socket's packets for any other destination (endpoint-independent, RFC 4787 REQ-1) until the socket has been
 *   silent for too long; then the next packet gets another one. The symmetric type draws for each destination.
 * - Filtering. Connection tracking lets in what answers a packet that went out to exactly that address and port.
 *   That is the whole of port-restricted and symmetric. The cone and the address-restricted NAT also translate what
 *   else comes in to a mapped port: from anyone, or from the addresses that the port has written to.
 * - What is not let in is dropped in `input`, before connection tracking confirms it. Otherwise an early bubble from a
 *   peer would leave an entry behind that takes the mapped port for that peer, and Linux would then map the inside's
 *   own packet to that peer to another port: endpoint-independent no more.
 *
 * Hairpinning is not translated: two clients behind one NAT meet by local means only.
 */

export const NAT_TYPES = ['full-cone', 'address-restricted', 'port-restricted', 'symmetric'] as const;
export type NatType = (typeof NAT_TYPES)[number];

export const isNatType = (text: string): text is NatType => (NAT_TYPES as readonly string[]).includes(text);

/** Seconds that an idle UDP mapping lives; the kernel's own defaults when absent (30 and 120). */
export interface MappingTimeouts {
  /** Nothing has come back yet. */
  readonly unanswered: number;
  /** Packets went both ways. */
  readonly answered: number;
}

export interface NatOptions {
  readonly type: NatType;
  /** Interface towards the internet. */
  readonly outside: string;
  /** The NAT's public IPv4 address. */
  readonly address: string;
  readonly timeouts?: MappingTimeouts;
}

/** The kernel's nf_conntrack_udp_timeout_stream. */
const DEFAULT_ANSWERED = 120;

/**
 * What the endpoint-independent types remember. Every packet that goes out refreshes it, none that comes in does.
 * `ct original` is the inside's socket when the inside spoke first, `ct reply` when the outside did.
 */
function memory({ type, outside }: NatOptions, timeout: number): string {
  const filtering = type === 'address-restricted' ? 'meta l4proto udp update @contacted { udp sport . ip daddr }' : '';
  const remember = (direction: 'original' | 'reply'): string => {
    const inside = `ct ${direction} ip saddr . ct ${direction} proto-src`;
    const packets = `meta l4proto udp ct direction ${direction}`;
    return `${packets} update @outside_of { ${inside} : ip saddr . udp sport }
    ${packets} update @inside_of { udp sport : ${inside} }`;
  };
  return `
  map outside_of { type ipv4_addr . inet_service : ipv4_addr . inet_service; ${lasting(timeout)} }
  map inside_of { type inet_service : ipv4_addr . inet_service; ${lasting(timeout)} }
  set contacted { type inet_service . ipv4_addr; ${lasting(timeout)} }
  chain remember {
    type filter hook postrouting priority srcnat + 50
    oifname != "${outside}" return
    ${remember('original')}
    ${remember('reply')}
    ${filtering}
  }`;
}

const lasting = (timeout: number): string => `flags dynamic,timeout; timeout ${timeout}s; size 65535;`;

/** What comes in to a mapped port, from whom the type allows. */
function opening({ type, outside }: NatOptions): string {
  if (type !== 'full-cone' && type !== 'address-restricted') return '';
  const filter = type === 'address-restricted' ? 'udp dport . ip saddr @contacted' : '';
  return `
  chain incoming {
    type nat hook prerouting priority dstnat
    iifname "${outside}" meta l4proto udp ${filter} dnat ip to udp dport map @inside_of
  }`;
}

/** An nftables file for one NAT's namespace. */
export function natRules(options: NatOptions): string {
  const { type, outside, address } = options;
  const isSymmetric = type === 'symmetric';
  const known = isSymmetric ? '' : 'meta l4proto udp snat ip to ip saddr . udp sport map @outside_of';
  return `table ip nat {
  ${isSymmetric ? '' : memory(options, options.timeouts?.answered ?? DEFAULT_ANSWERED)}
  ${opening(options)}
  chain outgoing {
    type nat hook postrouting priority srcnat
    oifname != "${outside}" return
    ${known}
    meta l4proto udp snat ip to ${address}:1024-65535 fully-random
    masquerade
  }
  chain unsolicited {
    type filter hook input priority filter
    iifname "${outside}" ct state new drop
  }
}
`;
}

/** Kernel settings of one NAT's namespace, as `name=value`. */
export function natSettings(timeouts: MappingTimeouts | undefined): string[] {
  const settings = ['net.ipv4.ip_forward=1'];
  if (timeouts !== undefined) {
    settings.push(
      `net.netfilter.nf_conntrack_udp_timeout=${timeouts.unanswered}`,
      `net.netfilter.nf_conntrack_udp_timeout_stream=${timeouts.answered}`,
    );
  }
  return settings;
}
