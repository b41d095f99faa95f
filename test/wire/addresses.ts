/** Arbitrary addresses for properties. */
import fc from 'fast-check';
import { type Ipv4Address, ipv4, type Port, port } from '../../daemon/wire/ipv4.js';
import type { Ipv6Address } from '../../daemon/wire/ipv6.js';

export const anyIpv4: fc.Arbitrary<Ipv4Address> = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4);
export const anyPort: fc.Arbitrary<Port> = fc.integer({ min: 0, max: 0xffff }).map(port);

/** Groups of zeros are frequent, so that every place of "::" occurs. */
export const anyIpv6: fc.Arbitrary<Ipv6Address> = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }), fc.nat(15)), { minLength: 8, maxLength: 8 })
  .map((groups) => new Uint8Array(groups.flatMap((group) => [group >>> 8, group & 255])) as Ipv6Address);

/** Bytes somewhere inside a larger buffer: a parser must neither count from the buffer's start nor read past its end. */
export const embedded = (bytes: Uint8Array, before: number, after: number): Uint8Array => {
  const buffer = new Uint8Array(before + bytes.length + after).fill(0x6f);
  buffer.set(bytes, before);
  return buffer.subarray(before, before + bytes.length);
};
