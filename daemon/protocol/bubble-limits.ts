/** How often a peer may be sent a bubble (RFC 4380 §5.2.6). A direct and an indirect bubble together count once. */
import { BUBBLE_LIMIT, BUBBLE_SPACING, BUBBLE_WINDOW } from './constants.js';
import { PEER_ANSWERED, type PeerTable } from './peer-table.js';
import type { Instant } from './time.js';

/** Fewer than 4 bubbles in the last 300 seconds, or a direct packet came since. */
export const withinLimit = (peers: PeerTable, now: Instant, peer: number): boolean =>
  now - (peers.bubbleTimes[BUBBLE_LIMIT * peer + BUBBLE_LIMIT - 1] as number) >= BUBBLE_WINDOW;

const sinceLast = (peers: PeerTable, now: Instant, peer: number): number => now - (peers.lastBubble[peer] as number);

/**
 * Whether a bubble may ask this peer to answer.
 *
 * The spacing is measured from the last bubble, not from the last data packet as the letter has it: an entry that
 * expires while data flows to the peer could otherwise not be renewed until the data stopped.
 */
export const maySolicit = (peers: PeerTable, now: Instant, peer: number): boolean =>
  sinceLast(peers, now, peer) >= BUBBLE_SPACING && withinLimit(peers, now, peer);

/**
 * Whether a bubble may answer one from this peer. An answer need not wait for our own last question (both sides may
 * ask at the same moment, and RFC 6081 §6.1 answers at once), but it does wait for our last answer.
 */
export function mayAnswer(peers: PeerTable, now: Instant, peer: number): boolean {
  if (!withinLimit(peers, now, peer)) return false;
  const answered = ((peers.flags[peer] as number) & PEER_ANSWERED) !== 0;
  return !answered || sinceLast(peers, now, peer) >= BUBBLE_SPACING;
}

export function recordBubble(peers: PeerTable, now: Instant, peer: number, isAnswer: boolean): void {
  const newest = BUBBLE_LIMIT * peer;
  peers.bubbleTimes.copyWithin(newest + 1, newest, newest + BUBBLE_LIMIT - 1);
  peers.bubbleTimes[newest] = now;
  peers.lastBubble[peer] = now;
  peers.lastTransmission[peer] = now;
  peers.setFlag(peer, PEER_ANSWERED, isAnswer);
}

/** A direct packet from the peer ends the count (RFC 4380 §5.2.6), but not the spacing. */
export function resetLimit(peers: PeerTable, peer: number): void {
  const newest = BUBBLE_LIMIT * peer;
  if (peers.bubbleTimes[newest] !== Number.NEGATIVE_INFINITY) {
    peers.bubbleTimes.fill(Number.NEGATIVE_INFINITY, newest, newest + BUBBLE_LIMIT);
  }
}
