/** Step: NetworkManager must leave the tunnel's interface alone. It is asked on the bus. */
import type { BusConnection, Reply } from '../../../dbus/connection.js';
import type { Finding, Question, Scene } from './steps.js';

const NAME = 'org.freedesktop.NetworkManager';
/** Milliseconds. */
const PATIENCE = 5_000;

export const NETWORK_MANAGER: Question = {
  id: 'network-manager',
  doing: 'Asking NetworkManager',
  ask: askNetworkManager,
};

async function askNetworkManager({ bus, facts }: Scene): Promise<Finding> {
  const name = facts?.interfaceName;
  if (name === undefined) return { verdict: 'skipped', sentence: 'There is no interface to ask about.' };
  // It must not be started for this.
  const owner = await bus.callBus('NameHasOwner', 's', [NAME]);
  if (!owner.ok || owner.values[0] !== true) {
    return { verdict: 'skipped', sentence: 'NetworkManager does not run on this computer.' };
  }
  const device = await call(bus, `/org/freedesktop/NetworkManager`, NAME, 'GetDeviceByIpIface', 's', [name]);
  if (!device.ok) {
    if (device.name.endsWith('.UnknownDevice')) {
      return { verdict: 'ok', sentence: `NetworkManager does not touch the interface ${name}.` };
    }
    return { verdict: 'skipped', sentence: `NetworkManager does not tell (${device.name}).` };
  }
  const path = String(device.values[0]);
  const got = await call(bus, path, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [`${NAME}.Device`, 'Managed']);
  const managed = got.ok ? (got.values[0] as { readonly value?: unknown } | undefined)?.value : undefined;
  if (typeof managed !== 'boolean') return { verdict: 'skipped', sentence: 'NetworkManager does not tell.' };
  if (!managed) return { verdict: 'ok', sentence: `NetworkManager leaves the interface ${name} alone.` };
  return {
    verdict: 'failed',
    sentence: `NetworkManager manages the interface ${name}, and may take its address away.`,
    remedy: `Put "[keyfile]" and "unmanaged-devices=interface-name:${name}" into a file of /etc/NetworkManager/conf.d, and reload it.`,
    command: `nmcli device set ${name} managed no`,
  };
}

const call = (
  bus: BusConnection,
  path: string,
  owner: string,
  member: string,
  signature: string,
  values: readonly unknown[],
): Promise<Reply> =>
  bus.call({ destination: NAME, path, interface: owner, member, signature, values, timeout: PATIENCE });
