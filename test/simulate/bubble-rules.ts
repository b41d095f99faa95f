/**
 * Watches a client's bubbles to other Teredo clients (RFC 4380 §5.2.6): no two questions within 2 seconds, nor two
 * answers, and never more than 4 of either in 300 seconds while the peer does not answer directly.
 *
 * A direct and an indirect bubble of the same call are one question; a direct one alone is an answer.
 */
import { BUBBLE_LIMIT, BUBBLE_SPACING, BUBBLE_WINDOW } from '../../daemon/protocol/constants.js';

interface Record {
  /** Times of bubbles since the last direct answer, oldest first. */
  times: number[];
  last: number;
  lastWasAnswer: boolean;
}

export class BubbleRules {
  readonly #peers = new Map<string, Record>();

  /** A bubble, or pair of them, went to `peer`. Returns what is wrong with that, if anything. */
  sent(now: number, peer: string, isQuestion: boolean): string | undefined {
    const record = this.#recordOf(peer);
    const since = now - record.last;
    const { lastWasAnswer } = record;
    record.times = record.times.filter((time) => now - time < BUBBLE_WINDOW);
    record.times.push(now);
    record.last = now;
    record.lastWasAnswer = !isQuestion;
    if (record.times.length > BUBBLE_LIMIT) return `B-6: ${record.times.length} bubbles to ${peer} without an answer`;
    if (since < BUBBLE_SPACING && (isQuestion || lastWasAnswer)) return `B-5: bubbles to ${peer} after ${since} ms`;
    return undefined;
  }

  heard(peer: string): void {
    const record = this.#peers.get(peer);
    if (record !== undefined) record.times = [];
  }

  forget(): void {
    this.#peers.clear();
  }

  #recordOf(peer: string): Record {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const record = { times: [], last: Number.NEGATIVE_INFINITY, lastWasAnswer: false };
    this.#peers.set(peer, record);
    return record;
  }
}
