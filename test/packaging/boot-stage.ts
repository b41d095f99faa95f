/** Where the package is tried: a machine fresh from its installation, behind a NAT of the lab's, with NetworkManager. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { labSkip } from '../lab/availability.js';
import { createLab, type Lab } from '../lab/lab.js';
import { missingSentence } from '../lab/needed-programs.js';
import { isForeignRoot } from '../support/private-etc.js';
import { builtPackage } from './built-package.js';
import { freshTree } from './fresh-tree.js';
import { Machine, SHARED } from './machine.js';

/** The package, as the machine sees it. */
export const PACKAGE = `${SHARED}/miredo_2.deb`;
const PROFILE = '/etc/NetworkManager/system-connections/uplink.nmconnection';

export function bootSkip(): string | false {
  const reason = labSkip('ours') || missingSentence(['package', 'boot']);
  if (reason) return reason;
  return process.getuid?.() !== 0 || isForeignRoot() ? 'booting a machine takes the real root' : false;
}

export interface Stage {
  readonly lab: Lab;
  readonly machine: Machine;
  /** Out here: what the machine sees as {@link SHARED}. */
  readonly shared: string;
  /** The package, out here. */
  readonly file: string;
}

/** What NetworkManager is told of the machine's only cable. */
function uplink(address: string, gateway: string): string {
  const sections = {
    connection: { id: 'uplink', type: 'ethernet', 'interface-name': 'eth0' },
    ipv4: { method: 'manual', address1: `${address}/24,${gateway}` },
    ipv6: { method: 'disabled' },
  };
  return Object.entries(sections)
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key}=${value}\n`)
          .join('')}`,
    )
    .join('\n');
}

/** The machine is switched off yet. */
export async function openStage(): Promise<Stage> {
  const [file, tree] = [builtPackage('miredo'), await freshTree()];
  const lab = await createLab({ nats: ['port-restricted'] });
  await lab.startServer('ours');
  await lab.startRelay('ours');
  const shared = join(lab.directory, 'shared');
  mkdirSync(shared);
  copyFileSync(file, join(shared, 'miredo_2.deb'));
  const place = lab.client(0);
  // NetworkManager sets it.
  await lab.run(place, ['ip', 'address', 'flush', 'dev', 'eth0']);
  const machine = await Machine.make({ lab, place, tree, shared });
  machine.place(PROFILE, uplink(place.ipv4[0] ?? '', lab.topology.nats[0]?.ipv4[1] ?? ''), 0o600);
  return { lab, machine, shared, file };
}

export async function closeStage(stage: Stage | undefined): Promise<void> {
  await stage?.machine.dispose();
  await stage?.lab.dispose();
}

/** Takes the cable out of the NAT's end, or puts it in. */
export async function plug(lab: Lab, isIn: boolean): Promise<void> {
  const nat = lab.topology.nats[0];
  if (nat !== undefined) await lab.run(nat, ['ip', 'link', 'set', 'lan', isIn ? 'up' : 'down']);
}

export type Status = Readonly<Record<string, unknown>>;

/** Waits for a state of the tunnel; what `miredoctl status --json` said then. */
export async function state(machine: Machine, wanted: string, timeout = 40_000): Promise<Status> {
  const of = (line: string): Status => JSON.parse(line) as Status;
  const watch = ['miredoctl', 'status', '--json', '--watch'];
  return of(await machine.line(watch, (line) => of(line)['state'] === wanted, timeout));
}
