/** Step: the interface has the tunnel's MTU, and its packets fit into those of the network below (RFC 4380 §5.1.2). */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { localAddressTo } from '../../io/local-address.js';
import { formatIpv4 } from '../../wire/ipv4.js';
import type { Finding, Question, Scene } from './steps.js';

/** IPv4 header without options, and UDP header. */
const OUTER_HEADERS = 28;

export const MTU: Question = { id: 'mtu', doing: 'Looking at packet sizes', ask: askMtu };

async function askMtu({ state, facts }: Scene): Promise<Finding> {
  if (state.name !== 'qualified' || facts === undefined) {
    return { verdict: 'skipped', sentence: 'There is an MTU only when the tunnel is qualified.' };
  }
  const { interfaceName } = facts;
  const own = mtuOf(interfaceName);
  if (own === undefined) return { verdict: 'failed', sentence: `The interface ${interfaceName} is gone.` };
  if (own !== state.mtu) {
    return {
      verdict: 'failed',
      sentence: `The interface ${interfaceName} has an MTU of ${own} bytes, and the tunnel ${state.mtu}.`,
      remedy: 'Somebody else has changed it. Restart the tunnel, and see who does (NetworkManager, for one).',
      command: `ip link set dev ${interfaceName} mtu ${state.mtu}`,
    };
  }
  const way = await localAddressTo(state.server);
  const below = way.ok ? interfaceOf(formatIpv4(way.address)) : undefined;
  const outer = below === undefined ? undefined : mtuOf(below);
  const needed = state.mtu + OUTER_HEADERS;
  if (outer === undefined) {
    return { verdict: 'ok', sentence: `Packets may have ${own} bytes; what is below the tunnel is not known.` };
  }
  if (outer < needed) {
    return {
      verdict: 'warning',
      sentence: `Packets of ${own} bytes and their headers do not fit into the ${outer} bytes of ${below}: they are sent in fragments, which some networks drop.`,
      remedy: `Give ${below} an MTU of ${needed} bytes or more, where that is possible.`,
      command: `ip link set dev ${below} mtu ${needed}`,
    };
  }
  return {
    verdict: 'ok',
    sentence: `Packets may have ${own} bytes, and with their headers fit into the ${outer} of ${below}.`,
  };
}

function mtuOf(name: string): number | undefined {
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'latin1'));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : undefined;
  } catch {
    return undefined;
  }
}

function interfaceOf(address: string): string | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    if (addresses?.some((entry) => entry.address === address)) return name;
  }
  return undefined;
}
