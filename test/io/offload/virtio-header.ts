/** The virtio-net header that stands before each packet of a TUN device with IFF_VNET_HDR (virtio 1.2 §5.1.6). */

export const VIRTIO_HEADER_LENGTH = 10;

const FLAG_NEEDS_CHECKSUM = 1;
const FLAG_DATA_VALID = 2;

const GSO_NONE = 0;
const GSO_TCP6 = 4;
const GSO_UDP = 5;
const GSO_ECN = 0x80;

export type Offload = 'none' | 'tcp' | 'udp';

export interface VirtioHeader {
  /** The checksum field holds the sum of the pseudo header only. */
  readonly needsChecksum: boolean;
  /** The checksum was verified. */
  readonly dataValid: boolean;
  readonly offload: Offload;
  /** TCP: the first segment has CWR, which the others must not have. */
  readonly ecn: boolean;
  /** IPv6 and transport header. */
  readonly headerLength: number;
  /** Payload of each segment but the last. */
  readonly segmentSize: number;
  readonly checksumStart: number;
  readonly checksumOffset: number;
}

/** Nothing to say about a packet. */
export const PLAIN: VirtioHeader = {
  needsChecksum: false,
  dataValid: false,
  offload: 'none',
  ecn: false,
  headerLength: 0,
  segmentSize: 0,
  checksumStart: 0,
  checksumOffset: 0,
};

const TYPES: Readonly<Record<Offload, number>> = { none: GSO_NONE, tcp: GSO_TCP6, udp: GSO_UDP };

/** The numbers are in the order of the machine, which is little-endian wherever this runs. */
export function emitVirtioHeader(header: VirtioHeader): Uint8Array {
  const bytes = new Uint8Array(VIRTIO_HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes[0] = (header.needsChecksum ? FLAG_NEEDS_CHECKSUM : 0) | (header.dataValid ? FLAG_DATA_VALID : 0);
  bytes[1] = TYPES[header.offload] | (header.ecn ? GSO_ECN : 0);
  view.setUint16(2, header.headerLength, true);
  view.setUint16(4, header.segmentSize, true);
  view.setUint16(6, header.checksumStart, true);
  view.setUint16(8, header.checksumOffset, true);
  return bytes;
}

/** Undefined when it holds what no kernel may be told by us. */
export function parseVirtioHeader(bytes: Uint8Array): VirtioHeader | undefined {
  if (bytes.length !== VIRTIO_HEADER_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint8(0);
  const type = view.getUint8(1) & ~GSO_ECN;
  const offload = (Object.keys(TYPES) as Offload[]).find((name) => TYPES[name] === type);
  if (offload === undefined || flags > (FLAG_NEEDS_CHECKSUM | FLAG_DATA_VALID)) return undefined;
  return {
    needsChecksum: (flags & FLAG_NEEDS_CHECKSUM) !== 0,
    dataValid: (flags & FLAG_DATA_VALID) !== 0,
    offload,
    ecn: (view.getUint8(1) & GSO_ECN) !== 0,
    headerLength: view.getUint16(2, true),
    segmentSize: view.getUint16(4, true),
    checksumStart: view.getUint16(6, true),
    checksumOffset: view.getUint16(8, true),
  };
}
