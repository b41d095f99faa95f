/** TUN devices with addresses, inside a namespace of the test's own (namespace.ts). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import { openTun, type TunDevice } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { configureLink } from '../../daemon/io/link.js';
import type { PacketPath } from '../../daemon/io/packet-path.js';
import { type Ipv6Address, parseIpv6 } from '../../daemon/wire/ipv6.js';
import { openLoopbackSocket } from './loopback.js';

export const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });

export function address(text: string): Ipv6Address {
  const parsed = parseIpv6(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
}

/** A TUN device that is up with `own`/64; with `own` undefined, it is down and carries nothing. */
export async function openTestTun(own?: string, mtu = 1280): Promise<TunDevice> {
  const device = openTun('mtest%d');
  assert.ok(device.ok, device.ok ? '' : device.sentence);
  if (own !== undefined) {
    const addresses = [{ address: address(own), prefixLength: 64 }];
    const result = await configureLink(device.name, { mtu, addresses, routes: [] });
    assert.ok(result.ok, result.ok ? '' : result.sentence);
  }
  return device;
}

export interface TunPath {
  readonly path: PacketPath;
  readonly device: TunDevice;
  /** Port of socket 0 on loopback. */
  readonly port: number;
}

/** A path between such a device and a socket on loopback; not started; closed when the test ends. */
export async function openTunPath(context: TestContext, own?: string, mtu = 1280): Promise<TunPath> {
  const device = await openTestTun(own, mtu);
  const socket = openLoopbackSocket();
  const path = openPacketPath({ tun: device.fd, sockets: [socket.fd] });
  context.after(() => path.close());
  return { path, device, port: socket.local.port };
}
