/** What a person reads for each reason: what happened, and what to do. */
import type { Reason, ReasonCode } from './tunnel-state.js';

export const SENTENCES: Readonly<Record<ReasonCode, string>> = {
  user: 'The tunnel was stopped on request.',
  'no-network': 'There is no IPv4 network yet; the tunnel starts when there is one.',
  'dns-failed': 'The name of the Teredo server cannot be resolved; check DNS, or give its IPv4 address.',
  'server-not-global': 'The Teredo server has no public IPv4 address; check ServerAddress and ServerAddress2.',
  'server-silent':
    'The Teredo server does not answer; it may be down, or UDP port 3544 may be blocked on the way to it.',
  'secondary-silent':
    "The Teredo server's secondary address does not answer; set ServerAddress2 if it is not the next address.",
  'server-lost': 'The Teredo server stopped answering.',
  'symmetric-nat': 'The NAT gives each destination another mapping (symmetric NAT), which Teredo cannot pass.',
  'authentication-failed': 'The Teredo server no longer accepts the client key; ask its operator for a new one.',
  'native-ipv6': 'The network has IPv6 of its own; Teredo is not needed.',
  'network-policy': 'The policy for this network keeps the tunnel off; see /etc/miredo/network.conf.',
  asleep: 'The computer is going to sleep; the tunnel comes back when it wakes up.',
  'no-server': 'No Teredo server is known; add one: miredoctl server add NAME_OR_ADDRESS.',
  firewall:
    'The firewall for the tunnel cannot be set up, so the tunnel stays down; see the log, install nftables, or set "Firewall no" in /etc/miredo/miredo.conf.',
  'no-address': 'No interface has the address that BindAddress names; the tunnel starts when one has it.',
  'ipv6-disabled':
    'IPv6 is switched off on the interface of the tunnel, so it cannot have its address; switch it on: sysctl net.ipv6.conf.INTERFACE.disable_ipv6=0.',
  internal: 'The tunnel failed; see the log.',
};

export const reasonOf = (code: ReasonCode): Reason => ({ code, sentence: SENTENCES[code] });
