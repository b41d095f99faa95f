/** Steps: is there a network, and are names resolved. */
import { readHostAddresses, readIpv4Routes } from '../../io/interfaces.js';
import { resolveIpv4 } from '../../io/resolver.js';
import { formatIpv4 } from '../../wire/ipv4.js';
import { type Finding, type Question, type Scene, text } from './steps.js';

export const NETWORK: Question = {
  id: 'network',
  doing: 'Looking at the network',
  ask: ({ facts }) => {
    const { ipv4 } = readHostAddresses(facts === undefined ? [] : [facts.interfaceName]);
    const [address] = ipv4;
    if (address === undefined) {
      return {
        verdict: 'failed',
        sentence: 'This computer has no IPv4 address.',
        remedy: 'Connect to a network; the tunnel starts by itself then.',
      };
    }
    const facts4 = { address: text(formatIpv4(address)) };
    if (!hasDefaultRoute(readIpv4Routes())) {
      return {
        verdict: 'failed',
        sentence: `This computer has the IPv4 address ${formatIpv4(address)}, but no way to the Internet (no default route).`,
        remedy: 'Give it a default gateway, or connect to a network that does.',
        facts: facts4,
      };
    }
    const sentence = `This computer has the IPv4 address ${formatIpv4(address)} and a way to the Internet.`;
    return { verdict: 'ok', sentence, facts: facts4 };
  },
};

/** proc(5): destination and mask of a default route are 0; flag 1 says that it is up. */
export function hasDefaultRoute(routes: string): boolean {
  return routes.split('\n').some((line) => {
    const [, destination, , flags, , , , mask] = line.split('\t');
    return destination === '00000000' && mask === '00000000' && (Number.parseInt(flags ?? '0', 16) & 1) !== 0;
  });
}

export const DNS: Question = { id: 'dns', doing: "Resolving the server's name", ask: askDns };

async function askDns({ targets, user, signal }: Scene): Promise<Finding> {
  const [target] = targets;
  if (target === undefined) return NO_SERVER;
  const { primary } = target;
  if (primary.address !== undefined) {
    return { verdict: 'skipped', sentence: `The server is given by its address ${primary.text}; no name is needed.` };
  }
  const began = performance.now();
  const found = await resolveIpv4(primary.text, { user, signal });
  const took = Math.round(performance.now() - began);
  if (found.ok) {
    const sentence = `The name ${primary.text} is ${formatIpv4(found.address)} (asked for ${took} ms).`;
    return { verdict: 'ok', sentence, facts: { address: text(formatIpv4(found.address)) } };
  }
  return {
    verdict: 'failed',
    sentence: found.sentence,
    remedy: 'Check the name, and the name servers in /etc/resolv.conf; or give the IPv4 address of the server.',
  };
}

export const NO_SERVER: Finding = {
  verdict: 'failed',
  sentence: 'There is no Teredo server to ask.',
  remedy: 'Add one to the list, or name one in ServerAddress of /etc/miredo/miredo.conf.',
  command: 'miredoctl server add NAME',
};
