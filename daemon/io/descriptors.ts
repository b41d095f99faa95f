/**
 * Descriptors that need privilege, opened before it is given up and handed to the packet path.
 *
 * Errors are values with the system's errno name and a sentence that says what to do about it.
 */
import { closeSync } from 'node:fs';
import { type Endpoint, formatIpv4, type Ipv4Address, ipv4, type Port, port } from '../wire/ipv4.js';
import { loadAddon, type NativeFailure, PORT_ALONE, PORT_FIRST, PORT_JOIN } from './native-addon.js';

export interface OpenFailure {
  readonly ok: false;
  /** Errno name: EPERM, EADDRINUSE, EADDRNOTAVAIL, ENOENT, EBUSY, … */
  readonly errno: string;
  /** What failed, with which name or address, and what a person can do. */
  readonly sentence: string;
}

export interface TunDevice {
  readonly ok: true;
  readonly fd: number;
  readonly name: string;
  readonly index: number;
  /** What the kernel granted of what was wanted. */
  readonly offload: TunOffload;
}

/**
 * What a TUN device leaves to the packet path, each step including those before it (enum TunOffload in native/tun.h):
 * nothing; nothing but a header in front of each packet that may say so; checksums; cutting big TCP packets; and UDP
 * ones.
 */
export const TUN_OFFLOADS = ['none', 'header', 'checksum', 'tcp', 'udp'] as const;
export type TunOffload = (typeof TUN_OFFLOADS)[number];

export interface UdpSocket {
  readonly ok: true;
  readonly fd: number;
  /** What it is bound to; the port is real even when 0 was asked for. */
  readonly local: Endpoint;
}

export interface RawIpv6Socket {
  readonly ok: true;
  readonly fd: number;
}

export interface UdpOptions {
  readonly address: Ipv4Address;
  /** 0: a random free port. */
  readonly port: Port;
}

/** Bytes asked for: what comes while the processor has other things to do for some milliseconds must not be lost. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
/**
 * Far less, and the kernel allows twice as much: behind a slow link this is the queue in which a lone packet waits. When
 * it is full the path waits for room, and nothing is lost.
 */
const SEND_BUFFER = 128 * 1024;
/** There nobody waits. */
const RAW_SEND_BUFFER = 2 * 1024 * 1024;

/**
 * Opens a TUN device; `name` may be '' (the kernel chooses) or hold one %d. It is not persistent: it goes away with
 * its last descriptor. An existing persistent TUN device of that name is taken when nobody else holds it. A kernel that
 * cannot do all of `offload` does less.
 */
export function openTun(name: string, offload: TunOffload = 'udp'): TunDevice | OpenFailure {
  return openQueue(name, offload, false);
}

/**
 * Opens a TUN device with `count` queues, a descriptor each: all of it or nothing. Which queue gets a packet is for
 * steering.ts to say. A persistent device that was made with one queue is refused.
 */
export function openTunQueues(name: string, count: number): readonly TunDevice[] | OpenFailure {
  return openEach(count, (first: TunDevice | undefined) => openQueue(first?.name ?? name, 'udp', count > 1));
}

function openQueue(name: string, offload: TunOffload, several: boolean): TunDevice | OpenFailure {
  if (name.includes('\0')) return failure('EINVAL', `Interface name ${JSON.stringify(name)} is not valid.`);
  const result = loadAddon().openTun(name, TUN_OFFLOADS.indexOf(offload), several);
  if ('errno' in result) return failure(result.errno, tunSentence(name, result));
  const granted = TUN_OFFLOADS[result.offload] ?? 'none';
  return { ok: true, fd: result.fd, name: result.name, index: result.index, offload: granted };
}

/** Opens a UDP socket over IPv4 that sends with DF clear (RFC 4380 §5.1.2). */
export function openUdp(options: UdpOptions): UdpSocket | OpenFailure {
  return bindUdp(options, PORT_ALONE);
}

/**
 * Opens `count` sockets with one address and port, which nobody else may have had before: all or none. The kernel
 * spreads what comes over them, by sender, unless steering.ts says how. In that program's numbering the first is 0.
 */
export function openUdpGroup(options: UdpOptions, count: number): readonly UdpSocket[] | OpenFailure {
  return openEach(count, (first: UdpSocket | undefined) =>
    first === undefined ? bindUdp(options, count > 1 ? PORT_FIRST : PORT_ALONE) : bindUdp(first.local, PORT_JOIN),
  );
}

/** `open` is told the first one. */
function openEach<Opened extends { readonly ok: true; readonly fd: number }>(
  count: number,
  open: (first: Opened | undefined) => Opened | OpenFailure,
): readonly Opened[] | OpenFailure {
  const opened: Opened[] = [];
  while (opened.length < count) {
    const next = open(opened[0]);
    if (!next.ok) {
      for (const { fd } of opened) closeDescriptor(fd);
      return next;
    }
    opened.push(next);
  }
  return opened;
}

function bindUdp(options: UdpOptions, sharing: number): UdpSocket | OpenFailure {
  const result = loadAddon().openUdp(options.address >>> 0, options.port, RECEIVE_BUFFER, SEND_BUFFER, sharing);
  if ('errno' in result) return failure(result.errno, udpSentence(options, result));
  return { ok: true, fd: result.fd, local: { address: ipv4(result.address), port: port(result.port) } };
}

/** Opens a socket that sends whole IPv6 packets into the native IPv6 Internet, and receives nothing. */
export function openRawIpv6(): RawIpv6Socket | OpenFailure {
  const result = loadAddon().openRawIpv6(RAW_SEND_BUFFER);
  if ('errno' in result) return failure(result.errno, rawSentence(result));
  return { ok: true, fd: result.fd };
}

/** Opens `count` of them: all or none. */
export const openRawGroup = (count: number): readonly RawIpv6Socket[] | OpenFailure => openEach(count, openRawIpv6);

/** For a descriptor that no packet path has taken over. */
export function closeDescriptor(fd: number): void {
  closeSync(fd);
}

const failure = (errno: string, sentence: string): OpenFailure => ({ ok: false, errno, sentence });

function tunSentence(name: string, { errno, step }: NativeFailure): string {
  const device = name === '' ? 'a TUN interface' : `TUN interface ${name}`;
  if (step === 'open') {
    if (errno === 'ENOENT' || errno === 'ENODEV' || errno === 'ENXIO') {
      return `Cannot create ${device}: the kernel has no /dev/net/tun. Load it with: modprobe tun`;
    }
    return `Cannot create ${device}: opening /dev/net/tun failed with ${errno}.`;
  }
  switch (errno) {
    case 'EPERM':
      return `Cannot create ${device}: that needs the capability CAP_NET_ADMIN (or root).`;
    case 'EBUSY':
      return `Cannot create ${device}: an interface of that name exists already and is in use.`;
    case 'EINVAL':
      return `Cannot create ${device}: the name is not valid, or is that of an interface of another kind.`;
    case 'ENAMETOOLONG':
      return `Cannot create ${device}: an interface name has at most 15 characters.`;
    default:
      return `Cannot create ${device}: ${errno}.`;
  }
}

function udpSentence(options: UdpOptions, { errno }: NativeFailure): string {
  const address = formatIpv4(options.address);
  const what = `Cannot bind UDP port ${options.port} of ${address}`;
  switch (errno) {
    case 'EADDRINUSE':
      return `${what}: another program uses it. Stop that program, or choose another port.`;
    case 'EADDRNOTAVAIL':
      return `${what}: no interface of this host has the address ${address}.`;
    case 'EACCES':
      return `${what}: ports below 1024 need the capability CAP_NET_BIND_SERVICE (or root).`;
    case 'EMFILE':
    case 'ENFILE':
      return `${what}: too many open files.`;
    default:
      return `${what}: ${errno}.`;
  }
}

function rawSentence({ errno }: NativeFailure): string {
  if (errno === 'EPERM') return 'Cannot open a raw IPv6 socket: that needs the capability CAP_NET_RAW (or root).';
  if (errno === 'EAFNOSUPPORT') return 'Cannot open a raw IPv6 socket: the kernel has IPv6 switched off.';
  return `Cannot open a raw IPv6 socket: ${errno}.`;
}
