/**
 * Network address translators of the four classic behaviours, as nftables rules.
 *
 * Linux' own masquerading is "port-restricted" only as long as it can keep the port, and it keeps the inside's port,
 * which hides faults of a Teredo client that takes its local port for the mapped one. So:
 *
 * - Mapping. The outside port of the first three is a hash of the inside address and port: the same for every
 *   destination (endpoint-independent, RFC 4787 REQ-1), and different from the inside's port. The symmetric one draws
 *   a random port for each destination.
 * - Filtering. Connection tracking lets in what answers a packet that went out to exactly that address and port.
 *   That is the whole of port-restricted and symmetric. The cone and the address-restricted NAT remember the mapping
 *   in a map that each outgoing packet refreshes, and translate what comes in to a mapped port: from anyone, or from
 *   the addresses in a second set.
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

/** Ports that the endpoint-independent NATs map to. Nothing on the NAT itself uses any. */
const FIRST_PORT = 40_000;
const PORT_COUNT = 20_000;
/** The kernel's nf_conntrack_udp_timeout_stream. */
const DEFAULT_ANSWERED = 120;

function sourceTranslation({ type, address }: NatOptions): string {
  if (type === 'symmetric') return `snat ip to ${address}:1024-65535 fully-random`;
  return `snat ip to ${address}:jhash ip saddr . udp sport mod ${PORT_COUNT} seed 0x7e5ed0 offset ${FIRST_PORT}`;
}

/** Remembers the mapping, and whom it has written to, with each packet that leaves. */
function learning({ type, outside }: NatOptions): string {
  if (type !== 'full-cone' && type !== 'address-restricted') return '';
  const permission = type === 'address-restricted' ? 'update @contacted { udp sport . ip daddr }' : '';
  return `
  chain learn {
    type filter hook postrouting priority srcnat + 50
    oifname != "${outside}" return
    meta l4proto != udp return
    ct direction original update @mapped { udp sport : ct original ip saddr . ct original proto-src }
    ct direction reply update @mapped { udp sport : ct reply ip saddr . ct reply proto-src }
    ${permission}
  }`;
}

function destinationTranslation({ type, outside }: NatOptions): string {
  if (type !== 'full-cone' && type !== 'address-restricted') return '';
  const permission = type === 'address-restricted' ? 'udp dport . ip saddr @contacted' : '';
  return `
  chain incoming {
    type nat hook prerouting priority dstnat
    iifname "${outside}" meta l4proto udp ${permission} dnat ip to udp dport map @mapped
  }`;
}

/** An nftables file for one NAT's namespace. */
export function natRules(options: NatOptions): string {
  const timeout = options.timeouts?.answered ?? DEFAULT_ANSWERED;
  return `table ip nat {
  map mapped {
    type inet_service : ipv4_addr . inet_service
    flags dynamic,timeout
    timeout ${timeout}s
    size 65535
  }
  set contacted {
    type inet_service . ipv4_addr
    flags dynamic,timeout
    timeout ${timeout}s
    size 65535
  }
  chain outgoing {
    type nat hook postrouting priority srcnat
    oifname != "${options.outside}" return
    meta l4proto udp ${sourceTranslation(options)}
    masquerade
  }
  ${learning(options)}
  ${destinationTranslation(options)}
  chain unsolicited {
    type filter hook input priority filter
    iifname "${options.outside}" ct state new drop
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
