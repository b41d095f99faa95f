/** Step: the interface has the tunnel's MTU, and its packets fit into those of the network below (RFC 4380 §5.1.2). */
import { networkInterfaces } from 'node:os';
import { readLink } from '../../io/link.js';
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
  const link = await readLink(interfaceName);
  if (!link.ok) {
    if (link.code !== 'gone') return { verdict: 'skipped', sentence: link.sentence };
    return {
      verdict: 'failed',
      sentence: `The interface ${interfaceName} is gone.`,
      remedy: 'The daemon makes it anew in a moment; see its log when it does not.',
    };
  }
  const own = link.mtu;
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
  const outer = below === undefined ? undefined : await mtuOf(below);
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

/** Not from /sys, which may be that of another network namespace. */
async function mtuOf(name: string): Promise<number | undefined> {
  const link = await readLink(name);
  return link.ok && link.mtu > 0 ? link.mtu : undefined;
}

function interfaceOf(address: string): string | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    if (addresses?.some((entry) => entry.address === address)) return name;
  }
  return undefined;
}
