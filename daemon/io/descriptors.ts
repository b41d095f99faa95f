/**
 * Descriptors that need privilege, opened before it is given up and handed to the packet path.
 *
 * Errors are values with the system's errno name and a sentence that says what to do about it.
 */
import type { Endpoint, Ipv4Address, Port } from '../wire/ipv4.js';

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
}

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
