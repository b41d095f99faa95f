/** Steps: does UDP reach servers, does the server in use answer, and what does the NAT do on the way. */
import { localAddressTo } from '../../io/local-address.js';
import { formatEndpoint, formatIpv4, type Ipv4Address, UNSPECIFIED_IPV4 } from '../../wire/ipv4.js';
import { natBehaviour } from './nat-facts.js';
import { NO_SERVER } from './network.js';
import { type Finding, type Question, type Scene, text, truth } from './steps.js';

export const UDP: Question = { id: 'udp', doing: 'Sending UDP to port 3544', ask: askUdp };

async function askUdp(scene: Scene): Promise<Finding> {
  if (scene.targets.length === 0) return NO_SERVER;
  const { results } = await scene.measurement();
  const heard = results.filter(({ reachable, secondary }) => reachable || secondary);
  const names = heard.map(({ name }) => name).join(', ');
  if (heard.length > 0) return { verdict: 'ok', sentence: `UDP port 3544 is reachable: ${names} answered.` };
  const asked = results.filter(({ fault }) => fault?.code.endsWith('-silent'));
  const [first] = results;
  if (asked.length === 0) {
    return { verdict: 'skipped', sentence: `No server could be asked. ${first?.fault?.sentence ?? ''}`.trim() };
  }
  const isOne = asked.length === 1;
  return {
    verdict: 'failed',
    sentence: `Nothing answers on UDP port 3544 (${asked.length} ${isOne ? 'server' : 'servers'} asked).`,
    remedy: isOne
      ? 'Either this server is down, or a firewall blocks UDP to port 3544: add another server to the list to tell which.'
      : 'A firewall on the way seems to block UDP to port 3544: allow it, there or on this computer.',
  };
}

export const SERVER: Question = { id: 'server', doing: 'Asking the server', ask: askServer };

async function askServer(scene: Scene): Promise<Finding> {
  const [target] = scene.targets;
  if (target === undefined) return NO_SERVER;
  const { results } = await scene.measurement();
  const [result] = results;
  if (result === undefined) return { verdict: 'skipped', sentence: 'The server was not asked.' };
  const { address, reachable, secondary, roundTrip, fault } = result;
  const facts = {
    server: text(target.name),
    ...(address === undefined ? {} : { address: text(formatIpv4(address)) }),
    reachable: truth(reachable),
    secondary: truth(secondary),
  };
  if (reachable && secondary) {
    const time = roundTrip === undefined ? '' : ` in ${(roundTrip / 1000).toFixed(1)} ms`;
    return { verdict: 'ok', sentence: `The server ${target.name} answers${time}, from both of its addresses.`, facts };
  }
  if (fault?.code === 'secondary-silent' || fault?.code === 'server-silent') {
    const which = reachable ? 'secondary' : secondary ? 'primary' : undefined;
    const silent = which === undefined ? 'does not answer' : `answers, but not from its ${which} address`;
    const remedy =
      which === 'secondary'
        ? 'Set ServerAddress2 if its secondary address is not the next one; otherwise choose another server.'
        : 'Choose another server.';
    return {
      verdict: 'failed',
      sentence: `The server ${target.name} ${silent}.`,
      remedy,
      command: 'miredoctl server auto',
      facts,
    };
  }
  return {
    verdict: 'failed',
    sentence: `The server ${target.name} cannot be asked. ${fault?.sentence ?? ''}`.trim(),
    remedy: 'See the steps before this one.',
    facts,
  };
}

/** That the questions left by. */
async function ownAddress({ facts }: Scene, server: Ipv4Address): Promise<Ipv4Address | undefined> {
  const bound = facts?.bindAddress ?? UNSPECIFIED_IPV4;
  if (bound !== UNSPECIFIED_IPV4) return bound;
  const way = await localAddressTo(server);
  return way.ok ? way.address : undefined;
}

export const NAT: Question = { id: 'nat', doing: 'Looking at the NAT', ask: askNat };

async function askNat(scene: Scene): Promise<Finding> {
  const { sightings, localPort } = await scene.measurement();
  const first = sightings.find(({ mapped }) => mapped !== undefined);
  if (first === undefined) return { verdict: 'skipped', sentence: 'No server answers that could tell of the NAT.' };
  const nat = natBehaviour(sightings, { address: await ownAddress(scene, first.primary), port: localPort });
  const { mapping, filtering, mapped, portPreserving, isPublic } = nat;
  const facts = {
    mapping: text(mapping),
    filtering: text(filtering),
    'port-preserving': truth(portPreserving),
    public: truth(isPublic),
    ...(mapped === undefined ? {} : { mapped: text(formatEndpoint(mapped)) }),
  };
  if (mapping === 'symmetric') {
    return {
      verdict: 'failed',
      sentence: 'The NAT is symmetric: it gives each destination another mapping. Teredo cannot work through it.',
      remedy:
        'Look in the router for "symmetric", "strict" or "random" NAT and switch it off, or forward a UDP port to this computer and set BindPort to it.',
      facts,
    };
  }
  scene.learnt(filtering);
  if (isPublic) return { verdict: 'ok', sentence: 'There is no NAT: this computer has a public IPv4 address.', facts };
  const lets =
    filtering === 'unknown'
      ? 'what it lets in is not known'
      : filtering === 'dependent'
        ? 'lets in only answers'
        : 'lets in whoever knows the mapping (cone)';
  const port = portPreserving ? 'keeps the port' : 'changes the port';
  if (mapping === 'unknown') {
    const sentence = 'There is a NAT; whether Teredo can pass it, the answer of one address alone cannot tell.';
    return { verdict: 'warning', sentence, remedy: "See the server's step: its secondary address is needed.", facts };
  }
  return {
    verdict: 'ok',
    sentence: `There is a NAT that Teredo can pass: it keeps one mapping for all destinations, ${port}, and ${lets}.`,
    facts,
  };
}
