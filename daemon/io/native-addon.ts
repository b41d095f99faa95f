/** The compiled half of this folder (`native/`): its types, and where it is found. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What a failed open says: errno name, and which step failed. */
export interface NativeFailure {
  readonly errno: string;
  readonly step: string;
}

/** Typed arrays that both sides read and write. Columns and counters: packet-path.ts and kernel-path.ts. */
export interface SharedMemory {
  readonly inboundBytes: Uint8Array;
  readonly inboundRows: Int32Array;
  readonly outboundBytes: Uint8Array;
  readonly outboundRows: Int32Array;
  readonly pendingBytes: Uint8Array;
  readonly pendingRows: Int32Array;
  /** One element: filled rows of `pendingRows`. */
  readonly pendingCount: Int32Array;
  readonly counters: Float64Array;
}

/** A path inside the addon; opaque. */
export interface NativePath {
  readonly nativePath: never;
}

/** A network watch inside the addon; opaque. */
export interface NativeWatch {
  readonly nativeWatch: never;
}

/** Called by the addon; `event` is one of the EVENT constants, `argument` a number of rows or an errno. */
export type Dispatch = (event: number, argument: number) => void;

export const EVENT_DATAGRAMS = 0;
export const EVENT_PACKETS = 1;
export const EVENT_TUN_FAILED = 2;
export const EVENT_UDP_FAILED = 3;

export const OFFLOAD_RECEIVE_RUNS = 1;
export const OFFLOAD_SEND_RUNS = 2;
export const OFFLOAD_JOIN_TCP = 4;
export const OFFLOAD_JOIN_UDP = 8;

/** What goes to the TUN device in one write: the virtio-net header, and the packet. */
export interface JoinedPacket {
  readonly header: Uint8Array;
  readonly packet: Uint8Array;
}

/** `sharing` of openUdp: the port is ours alone; it was free, and others may join; joins those. */
export const PORT_ALONE = 0;
export const PORT_FIRST = 1;
export const PORT_JOIN = 2;

export interface NativeAddon {
  /** `offload` as TUN_OFFLOAD in descriptors.ts. `several`: one of several queues of the device. */
  openTun(
    name: string,
    offload: number,
    several: boolean,
  ): { readonly fd: number; readonly name: string; readonly index: number; readonly offload: number } | NativeFailure;
  /** Address in host order, unsigned. */
  openUdp(
    address: number,
    port: number,
    receiveBytes: number,
    sendBytes: number,
    sharing: number,
  ): { readonly fd: number; readonly address: number; readonly port: number } | NativeFailure;
  /** Rows of 4 numbers: struct sock_filter. 0, or an errno. */
  steerSockets(fd: number, program: Int32Array): number;
  /** Rows of 5 numbers: code, destination, source, offset, immediate. -1: only tries. 0, or an errno. */
  steerDevice(fd: number, program: Int32Array): number;
  openRawIpv6(bufferBytes: number): { readonly fd: number } | NativeFailure;
  /** -1 for a descriptor that is not there; `offload` is a sum of OFFLOAD bits. Throws when one cannot be polled. */
  openPath(
    memory: SharedMemory,
    dispatch: Dispatch,
    tun: number,
    raw: number,
    sockets: readonly number[],
    offload: number,
  ): NativePath;
  startPath(path: NativePath): void;
  flushPath(path: NativePath): void;
  closePath(path: NativePath): void;
  errnoName(code: number): string;
  /** For tests: what the path makes of a packet that the TUN device hands over. */
  segmentPacket(packet: Uint8Array, virtioHeader: Uint8Array): Uint8Array[];
  /** For tests: what the path makes of packets that go to the TUN device. */
  coalescePackets(packets: readonly Uint8Array[]): JoinedPacket[];
  /** Locks the whole file for writing: 0, or an errno. */
  lockFile(fd: number): number;
  /** 0, or an errno. */
  sendUnixDatagram(path: string, bytes: Uint8Array): number;
  releaseStartUpPages(): void;
  findUser(name: string): { readonly uid: number; readonly gid: number } | undefined;
  /** Numbers unsigned; `undone` in the order of the steps, empty when all was done. */
  confine(
    root: string,
    uid: number,
    gid: number,
    keepUser: boolean,
    parent: number,
  ): { readonly undone: readonly NativeFailure[]; readonly seccomp: 'installed' | 'failed' | 'unsupported' };
  /** Or an errno. */
  openNetworkWatch(changed: () => void, keepAlive: boolean): NativeWatch | number;
  closeNetworkWatch(watch: NativeWatch): void;
  /** Throws when a name is unknown. */
  limitCapabilities(names: readonly string[]): { readonly undone: readonly NativeFailure[]; readonly held: string[] };
  /** None: takes back what was lent. 0, or an errno. Throws when a name is unknown. */
  lendCapabilities(names: readonly string[]): number;
}

/**
 * Beside the bundle, as it is installed; or as node-gyp leaves it, beside the sources: seen from daemon/io, from
 * build/daemon/io, and from build/bin.
 */
const FOLDERS = ['./native', '../../../daemon/io/native', '../../daemon/io/native'];
const PLACES = ['./packet_path.node', ...FOLDERS.map((folder) => `${folder}/build/Release/packet_path.node`)];

let loaded: NativeAddon | undefined;

/** Loads the addon once; throws with the remedy when it was never built. */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const files = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new Error(`The packet path's addon is not built (looked for ${files.join(', ')}). Run: npm rebuild`);
  }
  const require = createRequire(import.meta.url);
  loaded = require(file) as NativeAddon;
  return loaded;
}
