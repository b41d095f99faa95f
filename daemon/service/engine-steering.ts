/** Keeps the kernel told which engines there are, so that an endpoint's packets go to one of them, always the same. */
import { randomFillSync } from 'node:crypto';
import { newSteeringKey, type SteeringFailure, steerDevice, steerSockets, trySteeringDevices } from '../io/steering.js';
import type { EndpointPlace } from '../io/steering-programs.js';
import { IPV6_DESTINATION } from '../wire/ipv6.js';
import { MAPPED_ADDRESS_AT, MAPPED_PORT_AT } from '../wire/teredo-address.js';
import type { Log } from './log.js';

/** In a packet for a client: its destination says from where its datagrams come (RFC 4380 §4). */
const MAPPING: EndpointPlace = {
  port: IPV6_DESTINATION + MAPPED_PORT_AT,
  address: IPV6_DESTINATION + MAPPED_ADDRESS_AT,
};

export interface Steered {
  readonly engines: number;
  /** A socket of each group. */
  readonly sockets: readonly number[];
  /** A queue of the TUN device, where there is one. */
  readonly device?: number;
}

/** Why several engines cannot share a TUN device here; undefined when they can. */
export const whyNoSteering = (): SteeringFailure | undefined => trySteeringDevices(MAPPING);

export class EngineSteering {
  readonly #steered: Steered;
  readonly #log: Log;
  readonly #key = newSteeringKey(randomFillSync(new Uint32Array(2)));
  #hasComplained = false;

  constructor(steered: Steered, log: Log) {
    this.#steered = steered;
    this.#log = log;
  }

  /** What comes while nobody is there waits in the sockets, for whoever was last. */
  follow(present: readonly number[]): void {
    const { engines, sockets, device } = this.#steered;
    if (engines === 1 || present.length === 0) return;
    const crew = { count: engines, present };
    const failures = [
      ...sockets.map((fd) => steerSockets(fd, this.#key, crew)),
      device === undefined ? undefined : steerDevice(device, this.#key, crew, MAPPING),
    ];
    for (const failure of failures) if (failure !== undefined) this.#complain(failure.sentence);
  }

  #complain(sentence: string): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#log('warning', sentence);
  }
}
