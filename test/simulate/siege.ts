/** What the tests of attacks share: an internet at work, and an attacker who knows every address in it. */
import assert from 'node:assert/strict';
import type { Endpoint } from '../../daemon/wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../../daemon/wire/ipv6.js';
import type { ClientNode } from './client-node.js';
import type { Flow } from './flow.js';
import type { Simulation } from './simulation.js';

/** No flow has this number: who hands up data that bears it was deceived, and the simulation says so. */
export const FORGED_FLOW = 0xffffffff;

export function parseAddress(text: string): Ipv6Address {
  const parsed = parseIpv6(text);
  assert.ok(parsed);
  return parsed;
}

/** Two clients and a host that talk to each other all the time; the NATs let everybody in, the worst case. */
export function besiege(simulation: Simulation, peerCapacity = 512) {
  const server = simulation.addServer();
  const relay = simulation.addRelay();
  const host = simulation.addHost();
  const nat = simulation.addNat('full-cone');
  const place = { server, configuration: { peerCapacity }, watchBubbles: peerCapacity >= 512 };
  const victim = simulation.addQualifiedClient({ ...place, nat });
  const peer = simulation.addQualifiedClient({ ...place, nat: simulation.addNat('full-cone') });
  const flows = [
    simulation.openFlow(victim, peer),
    simulation.openFlow(peer, victim),
    simulation.openFlow(victim, host),
    simulation.openFlow(host, victim),
  ];
  return { server, relay, host, nat, victim, peer, flows, attacker: simulation.addAttacker() };
}

export function stream(simulation: Simulation, flows: readonly Flow[], interval: number, count: number): void {
  for (const flow of flows) simulation.stream(flow, interval, count);
}

export function assertWhole(flows: readonly Flow[]): void {
  for (const flow of flows) assert.ok(flow.isComplete && flow.isInOrder, `${flow.arrived} of ${flow.sent}`);
}

export function mappedOf(client: ClientNode): Endpoint {
  assert.ok(client.qualified);
  return client.qualified.mapped;
}

export function addressOf(client: ClientNode): Ipv6Address {
  assert.ok(client.address);
  return client.address;
}

/** Repeats `act` every `interval` milliseconds for `seconds`. */
export function repeat(simulation: Simulation, interval: number, seconds: number, act: (turn: number) => void): void {
  const count = (seconds * 1000) / interval;
  for (let turn = 0; turn < count; turn++) simulation.clock.after(turn * interval, () => act(turn));
}
