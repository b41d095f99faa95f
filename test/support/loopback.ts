/** Packet paths over real UDP sockets on loopback. */
import { strict as assert } from 'node:assert';
import type { TestContext } from 'node:test';
import { openUdp } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import type { PacketPath } from '../../daemon/io/packet-path.js';
import { type Endpoint, type Ipv4Address, ipv4, port } from '../../daemon/wire/ipv4.js';
import { PathCollector } from './path-collector.js';

export const LOOPBACK: Ipv4Address = ipv4(0x7f000001);

export interface LoopbackPath {
  readonly path: PacketPath;
  /** One a socket. */
  readonly endpoints: readonly Endpoint[];
  /** Of socket 0. */
  readonly endpoint: Endpoint;
}

/** A socket on a random port; the test fails when there is none. */
export function openLoopbackSocket(): { readonly fd: number; readonly local: Endpoint } {
  const socket = openUdp({ address: LOOPBACK, port: port(0) });
  assert.ok(socket.ok);
  return socket;
}

/** Not started; closed when the test ends. */
export function openLoopbackPath(context: TestContext, sockets = 1): LoopbackPath {
  const opened = Array.from({ length: sockets }, openLoopbackSocket);
  const path = openPacketPath({ sockets: opened.map((socket) => socket.fd) });
  context.after(() => path.close());
  const endpoints = opened.map((socket) => socket.local);
  const [endpoint] = endpoints;
  assert.ok(endpoint !== undefined);
  return { path, endpoints, endpoint };
}

/** A path that collects what it receives. */
export function openCollector(context: TestContext, sockets = 1): LoopbackPath & { readonly collector: PathCollector } {
  const opened = openLoopbackPath(context, sockets);
  const collector = new PathCollector(opened.path);
  opened.path.start(collector);
  return { ...opened, collector };
}

/** `length` bytes that tell one datagram from the next. */
export function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 255);
}
