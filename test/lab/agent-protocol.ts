/**
 * What the lab asks of its agent, a node process inside a namespace, and what the agent answers.
 *
 * One entry an operation. All values survive JSON: they cross an IPC channel.
 */

/** Ports that {@link AgentOperations.serve} opens, on every address of the namespace. */
export const ECHO_UDP_PORT = 7007;
export const ECHO_TCP_PORT = 7008;
export const HTTP_PORT = 7080;

export interface Datagram {
  readonly address: string;
  readonly port: number;
  readonly text: string;
}

export interface BurstResult {
  /** Names this burst to the far end's {@link AgentOperations.arrivals}. */
  readonly burst: number;
  /** Numbers (from 1) of the datagrams whose echo came back, in that order. */
  readonly returned: readonly number[];
}

export interface TransferResult {
  /** Bytes that came back. */
  readonly bytes: number;
  /** What came back is, byte for byte, what was sent. */
  readonly intact: boolean;
  /** From connect to the last byte, milliseconds. */
  readonly milliseconds: number;
}

export interface FetchResult {
  readonly status: number;
  readonly body: string;
  readonly milliseconds: number;
}

export interface AgentOperations {
  /** Opens the UDP and TCP echo and the HTTP service. */
  serve: { ask: Record<string, never>; answer: true };
  /** Opens a UDP/IPv4 socket under a name of the caller's choice; port 0 is any. Answers the port. */
  openSocket: { ask: { name: string; address?: string; port: number }; answer: number };
  send: { ask: { socket: string; address: string; port: number; text: string }; answer: true };
  /** The next datagram (those that came earlier are kept), or null when none comes within `timeout` milliseconds. */
  receive: { ask: { socket: string; timeout: number }; answer: Datagram | null };
  /**
   * Sends `count` numbered datagrams of `size` bytes to a UDP echo as fast as it can and collects the replies: until
   * all are there, or none comes for `quiet` milliseconds after another, or `timeout` milliseconds have passed.
   */
  burst: {
    ask: { address: string; count: number; size: number; quiet: number; timeout: number };
    answer: BurstResult;
  };
  /** Numbers of a burst's datagrams as this place's UDP echo got them, in that order. */
  arrivals: { ask: { burst: number }; answer: readonly number[] };
  /** Sends `bytes` bytes to a TCP echo and compares what comes back. */
  transfer: { ask: { address: string; bytes: number; timeout: number }; answer: TransferResult };
  fetch: { ask: { url: string; timeout: number }; answer: FetchResult };
}

export type Operation = keyof AgentOperations;
export type Ask<Name extends Operation> = AgentOperations[Name]['ask'];
export type Answer<Name extends Operation> = AgentOperations[Name]['answer'];

export interface AgentRequest<Name extends Operation = Operation> {
  readonly id: number;
  readonly operation: Name;
  readonly ask: Ask<Name>;
}

export type AgentReply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string };

/** The body that the HTTP service returns for `/`. */
export const HTTP_BODY = 'Teredo works.\n';
