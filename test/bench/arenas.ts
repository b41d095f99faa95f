/**
 * Those who compete, each in a lab of its own with the same wires: client, NAT, core, relay, host.
 *
 * All stand at the same time and do nothing while it is not their turn.
 */
import { mustRun } from '../lab/command.js';
import type { Implementation } from '../lab/implementation.js';
import { unavailable } from '../lab/implementation.js';
import { createLab, type Lab, type StartOptions } from '../lab/lab.js';
import { inNamespace } from '../lab/namespaces.js';
import type { Program } from '../lab/program.js';
import { familyOf } from './processes.js';

export const CONTESTANTS = ['ours', 'c', 'ours-c', 'c-ours', 'vxlan', 'ipv4'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

export const TITLES: Readonly<Record<Contestant, string>> = {
  ours: 'ours',
  c: 'C miredo',
  'ours-c': 'our client, C relay',
  'c-ours': 'C client, our relay',
  vxlan: 'kernel VXLAN',
  ipv4: 'plain IPv4',
};

const TUNNELS: Readonly<Partial<Record<Contestant, readonly [client: Implementation, relay: Implementation]>>> = {
  ours: ['ours', 'ours'],
  c: ['c', 'c'],
  'ours-c': ['ours', 'c'],
  'c-ours': ['c', 'ours'],
};

export interface Arena {
  readonly name: Contestant;
  readonly lab: Lab;
  /** The host's address, for the client. */
  readonly host: string;
  /** Processes of the tunnel's ends; none when it is the kernel's. */
  readonly client: () => number[];
  readonly relay: () => number[];
  readonly server: () => number[];
}

/** Why it cannot take part here. */
export function absence(name: Contestant): string | undefined {
  return (TUNNELS[name] ?? []).map(unavailable).find(Boolean);
}

const VXLAN_PORT = 4789;

const inside = (lab: Lab, place: 'client' | 'relay' | 'core' | 'nat', lines: readonly string[]): Promise<unknown> => {
  const { clients, nats, relay, core } = lab.topology;
  const places = { client: clients[0], nat: nats[0], relay, core };
  const namespace = places[place]?.namespace ?? '';
  return mustRun(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
};

/** VXLAN between client and relay; the NAT forwards its port, and all is routed as Teredo is. */
async function setUpVxlan(lab: Lab): Promise<void> {
  const { clients, nats, relay } = lab.topology;
  const [client] = clients[0]?.ipv4 ?? [];
  const [outside] = nats[0]?.ipv4 ?? [];
  const device = (remote: string | undefined): string[] => [
    `link add vxlan0 type vxlan id 1 dstport ${VXLAN_PORT} remote ${remote}`,
    'link set vxlan0 mtu 1280 up',
  ];
  await inside(lab, 'client', [
    ...device(relay.ipv4[0]),
    'address add 2001:db8:9::2/64 dev vxlan0 nodad',
    'route add default via 2001:db8:9::1 dev vxlan0',
  ]);
  await inside(lab, 'relay', [...device(outside), 'address add 2001:db8:9::1/64 dev vxlan0 nodad']);
  await inside(lab, 'core', [`route add 2001:db8:9::/64 via ${relay.ipv6[0]} dev relay`]);
  const forward = `table ip vxlan {
  chain incoming {
    type nat hook prerouting priority dstnat - 1
    iifname "wan" udp dport ${VXLAN_PORT} dnat to ${client}
  }
}
`;
  await mustRun(inNamespace(nats[0]?.namespace ?? '', ['nft', '-f', '-']), { input: forward });
}

async function tunnelArena(
  name: Contestant,
  client: Implementation,
  relay: Implementation,
  engines: number | undefined,
): Promise<Arena> {
  const lab = await createLab({ nats: ['port-restricted'] });
  const optionsOf = (who: Implementation): StartOptions =>
    who === 'ours' && engines !== undefined ? { config: { Engines: String(engines) } } : {};
  const [server, relayProgram] = await Promise.all([
    lab.startServer(client, optionsOf(client)),
    lab.startRelay(relay, optionsOf(relay)),
  ]);
  const { program } = await lab.startClient(0, client);
  const family = (of: Program) => (): number[] => familyOf(of.pid);
  const processes = { client: family(program), relay: family(relayProgram), server: family(server) };
  return { name, lab, host: lab.host.ipv6[0] ?? '', ...processes };
}

/** Both need no program: they share a lab. */
async function kernelArenas(names: readonly Contestant[]): Promise<Arena[]> {
  if (names.length === 0) return [];
  const lab = await createLab({ nats: ['port-restricted'] });
  await setUpVxlan(lab);
  const none = (): number[] => [];
  return names.map((name) => {
    const host = (name === 'ipv4' ? lab.host.ipv4[0] : lab.host.ipv6[0]) ?? '';
    return { name, lab, host, client: none, relay: none, server: none };
  });
}

/** The first packet of a pair finds out how to go on; nothing is to be measured before. */
async function warmUp({ name, lab, host }: Arena): Promise<void> {
  const { received, output } = await lab.ping(lab.client(0), host, { count: 3, interval: 0.05, wait: 5 });
  if (received === 0) throw new Error(`${TITLES[name]}: the host does not answer\n${output}\n${lab.logs()}`);
}

/** `engines`: of our server and relay; undefined: as many as they take by themselves. */
export async function openArenas(names: readonly Contestant[], engines?: number): Promise<Arena[]> {
  const arenas: Arena[] = [];
  try {
    for (const name of names) {
      const pair = TUNNELS[name];
      if (pair !== undefined) arenas.push(await tunnelArena(name, ...pair, engines));
    }
    arenas.push(...(await kernelArenas(names.filter((name) => TUNNELS[name] === undefined))));
    for (const arena of arenas) await warmUp(arena);
    return arenas;
  } catch (error) {
    await closeArenas(arenas);
    throw error;
  }
}

export async function closeArenas(arenas: readonly Arena[]): Promise<void> {
  await Promise.all([...new Set(arenas.map(({ lab }) => lab))].map((lab) => lab.dispose()));
}
