/**
 * The traffic of one case: two places that have not met speak, the opener first.
 */
import type { Lab } from '../lab/lab.js';
import type { Place } from '../lab/topology.js';

/** A place and the IPv6 address under which it is spoken to. */
export interface Party {
  readonly place: Place;
  readonly address: string;
}

export interface Exchange {
  /**
   * A burst of datagrams to a peer that is still to be contacted: numbers as they arrived there, and as their echoes
   * came back.
   */
  readonly first: { readonly arrived: readonly number[]; readonly returned: readonly number[] };
  /**
   * Three each way after it: the first round trip in milliseconds, and the sequence numbers in the order in which the
   * answers came.
   */
  readonly ping: { readonly milliseconds: number; readonly there: readonly number[]; readonly back: readonly number[] };
  /** As `first`, once the peers know each other; opened by the acceptor. */
  readonly udp: { readonly arrived: number; readonly returned: number };
  /** Opened by the opener, and by the acceptor. */
  readonly tcp: { readonly there: boolean; readonly back: boolean };
}

/** 56 bytes make IPv6 packets of 104, as ping's. */
export const BURST_COUNT = 20;
export const PING_COUNT = 3;
const BURST = { count: BURST_COUNT, size: 56, quiet: 250, timeout: 2_000 };
const TRANSFER_BYTES = 100_000;
const TRANSFER_TIMEOUT = 5_000;

async function burst(lab: Lab, from: Party, to: Party): Promise<Exchange['first']> {
  const sent = await lab.agent(from.place).ask('burst', { address: to.address, ...BURST });
  const arrived = await lab.agent(to.place).ask('arrivals', { burst: sent.burst });
  return { arrived, returned: sent.returned };
}

async function transfer(lab: Lab, from: Party, to: Party): Promise<boolean> {
  const ask = { address: to.address, bytes: TRANSFER_BYTES, timeout: TRANSFER_TIMEOUT };
  const result = await lab
    .agent(from.place)
    .ask('transfer', ask)
    .catch(() => undefined);
  return result?.intact === true;
}

export async function exchange(lab: Lab, opener: Party, acceptor: Party): Promise<Exchange> {
  const first = await burst(lab, opener, acceptor);
  const pings = { count: PING_COUNT, interval: 0.01 };
  const there = await lab.ping(opener.place, acceptor.address, pings);
  const back = await lab.ping(acceptor.place, opener.address, pings);
  const udp = await burst(lab, acceptor, opener);
  return {
    first,
    ping: { milliseconds: there.times[0] ?? Number.NaN, there: there.order, back: back.order },
    udp: { arrived: udp.arrived.length, returned: udp.returned.length },
    tcp: { there: await transfer(lab, opener, acceptor), back: await transfer(lab, acceptor, opener) },
  };
}
