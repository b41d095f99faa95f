/** Host name to IPv4 address, the way the host itself resolves names (hosts file, DNS, whatever nsswitch says). */
import { lookup } from 'node:dns';
import { type Ipv4Address, parseIpv4 } from '../wire/ipv4.js';

export interface Resolution {
  readonly ok: true;
  readonly address: Ipv4Address;
}

export interface ResolutionFailure {
  readonly ok: false;
  /** 'temporary' is worth another try soon, 'not-found' hardly. */
  readonly code: 'not-found' | 'temporary' | 'aborted' | 'failed';
  /** The resolver's own name for it: ENOTFOUND, EAI_AGAIN, ABORT_ERR, … */
  readonly errno: string;
  readonly sentence: string;
}

/**
 * Resolves a name or dotted quad; the first address wins. Whether the address may be used is the caller's to judge.
 * After an abort the system's query runs on in the background, its result is ignored.
 */
export function resolveIpv4(host: string, signal?: AbortSignal): Promise<Resolution | ResolutionFailure> {
  if (host === '') return Promise.resolve(failure(host, 'ENOTFOUND'));
  const literal = parseIpv4(host);
  if (literal !== undefined) return Promise.resolve({ ok: true, address: literal });
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(aborted(host));
    const abort = (): void => resolve(aborted(host));
    signal?.addEventListener('abort', abort, { once: true });
    lookup(host, { family: 4 }, (error, text) => {
      signal?.removeEventListener('abort', abort);
      const address = error === null ? parseIpv4(text) : undefined;
      resolve(address === undefined ? failure(host, error?.code ?? 'ENOTFOUND') : { ok: true, address });
    });
  });
}

function failure(host: string, errno: string): ResolutionFailure {
  switch (errno) {
    case 'ENOTFOUND':
    case 'EAI_NODATA':
    case 'EAI_NONAME':
      return { ok: false, code: 'not-found', errno, sentence: `The name ${host} has no IPv4 address.` };
    case 'EAI_AGAIN':
    case 'ETIMEOUT':
      return { ok: false, code: 'temporary', errno, sentence: `No name server answered for ${host}.` };
    default:
      return { ok: false, code: 'failed', errno, sentence: `Resolving ${host} failed with ${errno}.` };
  }
}

const aborted = (host: string): ResolutionFailure => ({
  ok: false,
  code: 'aborted',
  errno: 'ABORT_ERR',
  sentence: `Resolving ${host} was given up.`,
});
