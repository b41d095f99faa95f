/** A message on its way from the logger to where it is kept. */
/** Severities of syslog(3), worst first. */
export const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;

export type Level = keyof typeof PRIORITY;

/**
 * Facts beside the sentence, for programs that read the log. Names are A–Z, 0–9 and _, at most 57 characters, and do
 * not begin with a digit; journald shows them with the prefix MIREDO_, the other destinations leave them out.
 */
export type Fields = Readonly<Record<string, string | number>>;

export interface LogRecord {
  readonly level: Level;
  /** Printable: log-text.ts has been over it. */
  readonly message: string;
  readonly fields: Fields;
  /** When it was said: milliseconds since 1970. */
  readonly time: number;
}

/**
 * What became of a record: kept; not now, but soon (the reader is slow); or not here (nobody is there). None of them
 * may block or throw.
 */
export type Outcome = 'done' | 'busy' | 'failed';

export interface Destination {
  write(record: LogRecord): Outcome;
}

export type Sent = { readonly ok: true } | { readonly ok: false; readonly errno: string; readonly sentence: string };

/**
 * Sends one datagram to a Unix socket without waiting (EAGAIN when its queue is full). A path that begins with a NUL
 * is an abstract address.
 */
export type SendDatagram = (path: string, bytes: Uint8Array) => Sent;

/** One attempt at a socket of the system: the addon that sends may be missing, so that even that is not fatal. */
export function sendRecord(send: SendDatagram, path: string, bytes: Uint8Array): Outcome {
  try {
    const sent = send(path, bytes);
    if (sent.ok) return 'done';
    return sent.errno === 'EAGAIN' || sent.errno === 'ENOBUFS' ? 'busy' : 'failed';
  } catch {
    return 'failed';
  }
}
