/**
 * The two programs of steering.ts, in the kernel's two machines: the classic one (sock_filter, which `man 8 tcpdump -d`
 * prints) and the newer one (bpf(2)). Both compute
 *
 *     hash = (port * first ^ address) * second;  hash ^= hash >> 16;  engine = hash % count
 *
 * modulo 2^32, and for an engine that is absent `present[hash / count % present.length]`.
 */

/** Offsets in an IPv6 packet. Both fields are inverted there. */
export interface EndpointPlace {
  readonly port: number;
  readonly address: number;
}

/** Random odd multipliers: who does not know them cannot choose which engine to load. */
export interface SteeringKey {
  readonly first: number;
  readonly second: number;
}

/** Which of `count` engines, numbered from 0, are there. */
export interface Crew {
  readonly count: number;
  /** One at least. */
  readonly present: readonly number[];
}

/** What the programs compute, of an address in host order. */
export function engineOf({ first, second }: SteeringKey, { count, present }: Crew, address: number, port: number) {
  const mixed = Math.imul(Math.imul(port, first) ^ address, second) >>> 0;
  const hash = (mixed ^ (mixed >>> 16)) >>> 0;
  const engine = hash % count;
  return present.includes(engine) ? engine : present[Math.floor(hash / count) % present.length];
}

/** Added to an offset: it counts from the network header (linux/filter.h). */
const NETWORK_HEADER = -0x10_0000;
const IPV4_SOURCE = 12;

const absentOf = ({ count, present }: Crew): readonly number[] =>
  Array.from({ length: count }, (_, index) => index).filter((index) => !present.includes(index));

type ClassicRow = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

const CLASSIC = {
  loadByteTimes4ToX: 0xb1,
  loadHalfBehindX: 0x48,
  loadWord: 0x20,
  loadScratch: 0x60,
  storeScratch: 0x02,
  copyToX: 0x07,
  multiply: 0x24,
  divide: 0x34,
  remainder: 0x94,
  shiftRight: 0x74,
  exclusiveOrX: 0xac,
  jumpIfEqual: 0x15,
  returnOperand: 0x06,
  returnResult: 0x16,
} as const;

/** For a group of UDP sockets over IPv4: the index of the socket, by the source of the datagram. */
export function socketProgram(key: SteeringKey, crew: Crew): Int32Array {
  const op = (code: number, operand = 0): ClassicRow => [code, 0, 0, operand];
  const absent = absentOf(crew);
  const { present, count } = crew;
  const rows: ClassicRow[] = [
    op(CLASSIC.loadByteTimes4ToX, NETWORK_HEADER),
    op(CLASSIC.loadHalfBehindX, NETWORK_HEADER),
    op(CLASSIC.multiply, key.first),
    op(CLASSIC.copyToX),
    op(CLASSIC.loadWord, NETWORK_HEADER + IPV4_SOURCE),
    op(CLASSIC.exclusiveOrX),
    op(CLASSIC.multiply, key.second),
    op(CLASSIC.copyToX),
    op(CLASSIC.shiftRight, 16),
    op(CLASSIC.exclusiveOrX),
    op(CLASSIC.storeScratch),
    op(CLASSIC.remainder, count),
    ...absent.map((engine, index): ClassicRow => [CLASSIC.jumpIfEqual, absent.length - index, 0, engine]),
    op(CLASSIC.returnResult),
    op(CLASSIC.loadScratch),
    op(CLASSIC.divide, count),
    op(CLASSIC.remainder, present.length),
    ...present.flatMap((engine, index): ClassicRow[] => [
      [CLASSIC.jumpIfEqual, 0, 1, index],
      op(CLASSIC.returnOperand, engine),
    ]),
    op(CLASSIC.returnOperand, present[0]),
  ];
  return Int32Array.from(rows.flat());
}

type Row = readonly [code: number, destination: number, source: number, offset: number, immediate: number];

const MACHINE = {
  copyWide: 0xbf,
  copy: 0xbc,
  set: 0xb4,
  loadHalf: 0x28,
  loadWord: 0x20,
  multiply: 0x24,
  divide: 0x34,
  remainder: 0x94,
  shiftRight: 0x74,
  exclusiveOr: 0xa4,
  exclusiveOrRegister: 0xac,
  jumpIfEqual: 0x15,
  jumpIfNot: 0x55,
  exit: 0x95,
} as const;

/** R0 is the result, R1 the packet at the start, which loads want in R6; loads overwrite R1 to R5. */
const RESULT = 0;
const FIRST = 1;
const PACKET = 6;
const KEPT = 7;

/** For the queues of a TUN device: the index of the queue, by the endpoint in the packet's destination. */
export function deviceProgram(key: SteeringKey, crew: Crew, place: EndpointPlace): Int32Array {
  const op = (code: number, destination = RESULT, immediate = 0): Row => [code, destination, 0, 0, immediate];
  const move = (code: number, destination: number, source: number): Row => [code, destination, source, 0, 0];
  const absent = absentOf(crew);
  const { present, count } = crew;
  const rows: Row[] = [
    move(MACHINE.copyWide, PACKET, FIRST),
    op(MACHINE.loadHalf, RESULT, NETWORK_HEADER + place.port),
    op(MACHINE.exclusiveOr, RESULT, 0xffff),
    op(MACHINE.multiply, RESULT, key.first),
    move(MACHINE.copy, KEPT, RESULT),
    op(MACHINE.loadWord, RESULT, NETWORK_HEADER + place.address),
    op(MACHINE.exclusiveOr, RESULT, -1),
    move(MACHINE.exclusiveOrRegister, RESULT, KEPT),
    op(MACHINE.multiply, RESULT, key.second),
    move(MACHINE.copy, FIRST, RESULT),
    op(MACHINE.shiftRight, FIRST, 16),
    move(MACHINE.exclusiveOrRegister, RESULT, FIRST),
    move(MACHINE.copy, KEPT, RESULT),
    op(MACHINE.remainder, RESULT, count),
    ...absent.map((engine, index): Row => [MACHINE.jumpIfEqual, RESULT, 0, absent.length - index, engine]),
    op(MACHINE.exit),
    ...(absent.length === 0 ? [] : spread(present, count)),
  ];
  return Int32Array.from(rows.flat());

  /** The kernel refuses code that nothing leads to. */
  function spread(engines: readonly number[], all: number): readonly Row[] {
    return [
      move(MACHINE.copy, RESULT, KEPT),
      op(MACHINE.divide, RESULT, all),
      op(MACHINE.remainder, RESULT, engines.length),
      ...engines.flatMap((engine, index): Row[] => [
        [MACHINE.jumpIfNot, RESULT, 0, 2, index],
        op(MACHINE.set, RESULT, engine),
        op(MACHINE.exit),
      ]),
      op(MACHINE.set, RESULT, engines[0]),
      op(MACHINE.exit),
    ];
  }
}
