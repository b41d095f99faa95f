/** How large a packet a Teredo link carries. */

/** RFC 4380 §5.1.2: what a client has unless the server advertises another, and what IPv6 demands at the least. */
export const DEFAULT_MTU = 1280;
/** RFC 4380 §5.1.2: the largest UDP payload. */
export const MAXIMUM_MTU = 65507;
