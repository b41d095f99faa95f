/** Constants of the specification first, then ours; each with its source. Times in milliseconds. */
import { type Duration, seconds } from './time.js';

// --- RFC 4380 ---

/** T, §5.2.1: wait for an advertisement before the solicitation is sent again. */
export const SOLICITATION_TIMEOUT = seconds(4);
/** N, §5.2.1: solicitations sent to one address before it counts as silent. */
export const SOLICITATION_ATTEMPTS = 3;
/** §5.2, RFC 6081 §5.1.1: default of the refresh interval. */
export const REFRESH_INTERVAL = seconds(30);
/** §5.2: the randomized interval is between this share of the refresh interval and the whole. */
export const REFRESH_RANDOMIZATION_FLOOR = 0.75;
/** §5.2.4: a peer entry is valid this long after the last reception. */
export const PEER_VALIDITY = seconds(30);
/** §5.2.3, §5.2.6: how far back the times of a new entry lie. */
export const NEW_PEER_AGE = seconds(30);
/**
 * §5.2.4: wait for a bubble or an echo reply before it is asked for again. "2 seconds", and a little more: what we ask
 * must not reach the peer less than two seconds after its last answer, or it may not answer again (§5.2.6).
 */
export const CONTACT_TIMEOUT = seconds(2.25);
/** §5.2.4: one request and three repeats. */
export const CONTACT_ATTEMPTS = 4;
/** §5.2.6: no two bubbles to a peer closer than this. */
export const BUBBLE_SPACING = seconds(2);
/** §5.2.6: at most this many bubbles to a peer … */
export const BUBBLE_LIMIT = 4;
/** … in this time without a direct answer. */
export const BUBBLE_WINDOW = seconds(300);

// --- ours ---

/** A peer not heard for this long is asked again while data still flows, so that one-way traffic never stalls. */
export const REVALIDATE_AFTER: Duration = seconds(20);
/** A peer that sends and is not answered by data is told by a bubble that we are here (§5.2.3: "MAY"). */
export const ACKNOWLEDGE_AFTER: Duration = seconds(5);
/** Wait before qualification begins anew after a failure; doubles up to the limit. */
export const RETRY_DELAY: Duration = seconds(5);
export const RETRY_DELAY_LIMIT: Duration = seconds(300);
/** Packets held for one peer while it is contacted (RFC 4380 §5.4.1: "SHOULD limit"). A burst of 20 must fit. */
export const QUEUE_PACKETS = 64;
export const QUEUE_BYTES = 262144;
/** Bytes held for all peers together. */
export const QUEUE_TOTAL_BYTES = 16 * 1024 * 1024;
/** Peers being contacted at the same time. */
export const CONTACT_LIMIT = 16384;
/** "Unreachable" errors a second, and at once (RFC 4443 §2.4 f wants a limit). */
export const UNREACHABLE_RATE = 200;
export const UNREACHABLE_BURST = 200;
/** Echo tests, and answers to bubbles of strangers, that datagrams from outside may cause a second, and at once. */
export const STRANGER_RATE = 100;
export const STRANGER_BURST = 200;
/** Wait for an answer before a server that is probed is asked again: a person waits too. */
export const PROBE_TIMEOUT: Duration = seconds(1.25);
/** Solicitations to an address that is probed before it counts as silent. */
export const PROBE_ATTEMPTS = 3;
/** Wait for an answer of the IPv6 Internet: the relay may have to reach us through the server first. */
export const INTERNET_TEST_PATIENCE: Duration = seconds(4);
/** From a round of such tests to the next after one round of silence, and after two. Longer than the wait. */
export const INTERNET_TEST_AFTER_SILENCE: readonly Duration[] = [seconds(5), seconds(30)];
/** And after more of them, or after an answer: at the most, see REFRESH_RANDOMIZATION_FLOOR. */
export const INTERNET_TEST_INTERVAL: Duration = seconds(600);
