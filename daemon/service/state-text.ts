/** The state of the tunnel as one line for people and for what reads the log: stable, see the manual. */
import type { TunnelState } from '../protocol/tunnel-state.js';
import { formatEndpoint, formatIpv4 } from '../wire/ipv4.js';
import { formatIpv6 } from '../wire/ipv6.js';

export function describeState(state: TunnelState): string {
  switch (state.name) {
    case 'stopped':
    case 'waiting':
      return `${state.name}: ${state.reason.sentence}`;
    case 'resolving':
      return state.server === '' ? 'looking for the best server' : `resolving ${state.server}`;
    case 'qualifying':
      return `qualifying with server ${formatIpv4(state.server)} (attempt ${state.attempt})`;
    case 'qualified': {
      const { address, mapped, server, mtu } = state;
      const mapping = `mapped ${formatEndpoint(mapped)}, server ${formatIpv4(server)}, MTU ${mtu}`;
      return `qualified: address ${formatIpv6(address)}, ${mapping}`;
    }
    case 'failed':
      if (state.retryIn === 0) return `failed: ${state.reason.sentence}`;
      return `failed: ${state.reason.sentence} Next try in ${state.retryIn / 1000} s.`;
  }
}
