/**
 * Says which of several engines gets a packet: all packets of one remote endpoint go to the same engine, whether they
 * come from it over UDP or go to it through the TUN device.
 *
 * Two programs that the kernel runs (steering-programs.ts) compute one hash from one address and port. Over UDP these
 * are the outer source. In an IPv6 packet they are part of the destination, where {@link EndpointPlace} says; the kernel
 * takes this second program from those only who have CAP_BPF.
 *
 * An engine that is absent gets nothing: its share is spread over those that are there, whose own shares stay.
 */
import { loadAddon } from './native-addon.js';
import { type Crew, deviceProgram, type EndpointPlace, type SteeringKey, socketProgram } from './steering-programs.js';

export interface SteeringFailure {
  readonly ok: false;
  readonly errno: string;
  readonly sentence: string;
}

export function newSteeringKey(random: Uint32Array): SteeringKey {
  const [first = 0, second = 0] = random;
  return { first: first | 1, second: second | 1 };
}

/** `fd`: any of the group. undefined: done. */
export function steerSockets(fd: number, key: SteeringKey, crew: Crew): SteeringFailure | undefined {
  return outcome(loadAddon().steerSockets(fd, socketProgram(key, crew)), 'sockets');
}

/** `fd`: any of the device's queues. undefined: done. */
export function steerDevice(
  fd: number,
  key: SteeringKey,
  crew: Crew,
  place: EndpointPlace,
): SteeringFailure | undefined {
  return outcome(loadAddon().steerDevice(fd, deviceProgram(key, crew, place)), 'device');
}

const NO_DEVICE = -1;

/** Whether {@link steerDevice} would be let, asked before anything is opened. */
export function trySteeringDevices(place: EndpointPlace): SteeringFailure | undefined {
  return steerDevice(NO_DEVICE, { first: 1, second: 1 }, { count: 1, present: [0] }, place);
}

function outcome(code: number, what: string): SteeringFailure | undefined {
  if (code === 0) return undefined;
  const errno = loadAddon().errnoName(code);
  const remedy = what === 'device' && errno === 'EPERM' ? 'that needs the capability CAP_BPF (or root)' : errno;
  return { ok: false, errno, sentence: `Cannot say which engine gets which packets (${what}): ${remedy}.` };
}
