/** Steps: is the tunnel qualified, and does the IPv6 Internet answer. */
import { formatIpv6 } from '../../wire/ipv6.js';
import type { Finding, Question, Scene } from './steps.js';

export const QUALIFIED: Question = {
  id: 'qualified',
  doing: 'Looking at the tunnel',
  ask: ({ state }) => {
    switch (state.name) {
      case 'qualified':
        return { verdict: 'ok', sentence: `The tunnel is qualified: its address is ${formatIpv6(state.address)}.` };
      case 'stopped':
        return {
          verdict: 'failed',
          sentence: state.reason.sentence,
          remedy: 'Start the tunnel.',
          command: 'miredoctl start',
        };
      case 'waiting':
      case 'failed':
        return {
          verdict: 'failed',
          sentence: `The tunnel is not qualified. ${state.reason.sentence}`,
          remedy: 'Mend what the steps before this one say; the tunnel tries again by itself.',
          command: 'miredoctl restart',
        };
      case 'resolving':
      case 'qualifying':
        return { verdict: 'warning', sentence: 'The tunnel is still qualifying.', remedy: 'Ask again in a moment.' };
    }
  },
};

export const RELAY: Question = { id: 'relay', doing: 'Asking the IPv6 Internet through a relay', ask: askRelay };

async function askRelay(scene: Scene): Promise<Finding> {
  if (scene.state.name !== 'qualified') {
    return { verdict: 'skipped', sentence: 'The IPv6 Internet can be asked only when the tunnel is qualified.' };
  }
  const reachable = await scene.testReachability();
  if (reachable === 'yes') return { verdict: 'ok', sentence: 'The IPv6 Internet answers through a relay.' };
  if (reachable === 'unknown') {
    return { verdict: 'skipped', sentence: 'Whether the IPv6 Internet answers could not be found out.' };
  }
  return {
    verdict: 'failed',
    sentence:
      'The tunnel is qualified, but the IPv6 Internet does not answer: there may be no relay near the hosts that were asked, or the server does not forward.',
    remedy:
      'Relays are run by others, and without one only other Teredo clients can be reached. When it is the server, another one helps. Ipv6TestAddress in miredo.conf says which hosts are asked.',
    command: 'miredoctl server auto',
  };
}
