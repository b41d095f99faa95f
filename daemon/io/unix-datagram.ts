/** Datagrams to unix sockets, which Node lacks: what the system's log and its service manager listen to. */
import { loadAddon } from './native-addon.js';

export interface SentDatagram {
  readonly ok: true;
}

export interface DatagramFailure {
  readonly ok: false;
  /** Errno name: ENOENT, ECONNREFUSED, EAGAIN (the reader is behind), EMSGSIZE, … */
  readonly errno: string;
  readonly sentence: string;
}

/**
 * Sends one datagram without waiting. `path` names a socket in the file system, or, with a leading `@` or NUL, an
 * abstract one (unix(7)). The socket that it leaves by has no name, is opened at the first use and stays open.
 */
export function sendUnixDatagram(path: string, bytes: Uint8Array): SentDatagram | DatagramFailure {
  const addon = loadAddon();
  const code = addon.sendUnixDatagram(path, bytes);
  if (code === 0) return { ok: true };
  const errno = addon.errnoName(code);
  const name = path.replace(/^\0/, '@');
  return { ok: false, errno, sentence: `Cannot send to the socket ${name}: ${reason(errno, bytes.length)}.` };
}

function reason(errno: string, length: number): string {
  switch (errno) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `nobody listens there (${errno})`;
    case 'EAGAIN':
    case 'ENOBUFS':
      return `its reader is behind (${errno})`;
    case 'EMSGSIZE':
      return `${length} bytes are too many for one message (${errno})`;
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${errno})`;
    case 'EPROTOTYPE':
      return `it is not a datagram socket (${errno})`;
    default:
      return errno;
  }
}
