/** Steps: is there a network, and are names resolved. */
import { readHostAddresses } from '../../io/interfaces.js';
import { localAddressTo } from '../../io/local-address.js';
import { resolveIpv4 } from '../../io/resolver.js';
import { formatIpv4, type Ipv4Address } from '../../wire/ipv4.js';
import { type Finding, type Question, type Scene, text } from './steps.js';

/** Anywhere, where the server's address is not known. */
const SOMEWHERE = 0x08080808 as Ipv4Address;

export const NETWORK: Question = { id: 'network', doing: 'Looking at the network', ask: askNetwork };

async function askNetwork({ facts, targets }: Scene): Promise<Finding> {
  const { ipv4 } = readHostAddresses(facts === undefined ? [] : [facts.interfaceName]);
  const [first] = ipv4;
  if (first === undefined) {
    return {
      verdict: 'failed',
      sentence: 'This computer has no IPv4 address.',
      remedy: 'Connect to a network; the tunnel comes up by itself then.',
    };
  }
  // The kernel is asked, as a table of routes does not tell of the rules that choose between tables.
  const server = targets[0]?.primary.address ?? facts?.serverAddress;
  const where = server === undefined ? 'the Internet' : 'the server';
  const way = await localAddressTo(server ?? SOMEWHERE);
  if (!way.ok) {
    return {
      verdict: 'failed',
      sentence: `This computer has the IPv4 address ${formatIpv4(first)}, but no route to ${where} (${way.errno}).`,
      remedy: 'Connect to a network that leads to the Internet, or give this computer a default gateway.',
      facts: { address: text(formatIpv4(first)) },
    };
  }
  const address = formatIpv4(way.address);
  return {
    verdict: 'ok',
    sentence: `This computer has the IPv4 address ${address} and a route to ${where}.`,
    facts: { address: text(address) },
  };
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
