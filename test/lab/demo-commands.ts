/**
 * Commands for another terminal, while the demo keeps its internet up.
 */
import { HTTP_PORT } from './agent-protocol.js';
import { INTERFACE, type Lab } from './lab.js';
import { outerProcess } from './privilege.js';

/** Enters the lab from outside: as root straight, else through the user namespace of the demo's processes. */
function entrance(): { readonly setUp: readonly string[]; readonly prefix: string; readonly root: string } {
  const outer = outerProcess();
  if (outer === undefined) return { setUp: [], prefix: 'ip netns exec', root: '' };
  // The demo, its unshare, and the first process inside: grandchild of the one whose number is known outside.
  const find = `LAB=$(pgrep -P $(pgrep -P ${outer}))`;
  return {
    setUp: [find],
    prefix: 'nsenter -t $LAB -U --preserve-credentials -m -n -- ip netns exec',
    root: '/proc/$LAB/root', // /run is its own
  };
}

export function commands(lab: Lab): string {
  const { setUp, prefix, root } = entrance();
  const client = `${prefix} ${lab.client(0).namespace}`;
  const address = lab.host.ipv6[0];
  const lines = [
    'In another terminal:',
    ...setUp.map((line) => `  ${line}`),
    `  ${client} ping ${address}`,
    `  ${client} curl 'http://[${address}]:${HTTP_PORT}/'`,
    `  ${client} ip -6 address show dev ${INTERFACE}`,
    `  ${client} tcpdump -n -i eth0 udp        # the tunnel, as the NAT sees it`,
    `  ${client} bash                          # a shell on the client`,
    `  ${prefix} ${lab.topology.nats[0]?.namespace} nft list ruleset`,
    `  ${prefix} ${lab.host.namespace} bash    # a shell on the IPv6 host`,
    `Logs: ${root}${lab.directory}`,
  ];
  return lines.join('\n');
}
