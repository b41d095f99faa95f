/**
 * iputils' ping, and what its output says.
 */
import { run } from './command.js';
import { inNamespace } from './namespaces.js';

export interface PingOptions {
  readonly count?: number;
  /** Packets sent at once before the first answer is awaited. */
  readonly preload?: number;
  /** Seconds between packets. */
  readonly interval?: number;
  /** Bytes of data; 56 by default. */
  readonly size?: number;
  /** Seconds that missing answers are awaited. */
  readonly wait?: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Sequence numbers of the answers in the order in which they came. */
  readonly order: readonly number[];
  /** Milliseconds, one an answer, in the same order. */
  readonly times: readonly number[];
  /** Sequence numbers for which an ICMPv6 error came instead. */
  readonly refused: readonly number[];
  readonly output: string;
}

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));

/** Every packet answered, in the order of sending. */
export const isLossless = (result: PingResult): boolean => result.received === result.sent && isAscending(result.order);

/**
 * What came of the first `count` packets. ping is told to go on until it has as many answers or the time is up: by
 * itself it would wait for the last answer for two round trips only, and call a moment's delay a loss.
 */
function parse(output: string, count: number): PingResult {
  const isAsked = ({ number }: { number: number }): boolean => number <= count;
  const answers = [...output.matchAll(/^\d+ bytes from .*icmp_seq=(\d+) .*time=([\d.]+) ms/gm)]
    .map((match) => ({ number: Number(match[1]), time: Number(match[2]) }))
    .filter(isAsked);
  const refusals = [...output.matchAll(/^From .*icmp_seq=(\d+) /gm)]
    .map((match) => ({ number: Number(match[1]) }))
    .filter(isAsked);
  return {
    sent: count,
    received: answers.length,
    order: answers.map(({ number }) => number),
    times: answers.map(({ time }) => time),
    refused: refusals.map(({ number }) => number),
    output,
  };
}

export async function ping(namespace: string, address: string, options: PingOptions = {}): Promise<PingResult> {
  const { count = 1, preload = 1, interval = 0.2, size = 56, wait = 1 } = options;
  const deadline = Math.ceil(count * interval + wait);
  const numbers = { '-c': count, '-l': preload, '-i': interval, '-s': size, '-w': deadline };
  const flags = Object.entries(numbers).flatMap(([flag, value]) => [flag, String(value)]);
  // LC_ALL: the text is parsed.
  const env = { ...process.env, LC_ALL: 'C' };
  const argv = inNamespace(namespace, ['ping', '-n', ...flags, address]);
  const result = await run(argv, { env, timeout: (deadline + 5) * 1_000 });
  return parse(result.stdout + result.stderr, count);
}
