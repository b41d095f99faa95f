/** Step: NetworkManager must leave the tunnel's interface alone. It is asked on the bus. */
import type { BusConnection } from '../../../dbus/connection.js';
import { ask, isRunning, NAME, NO_PATH, PATH, property } from '../network/ask-network-manager.js';
import type { Finding, Question, Scene } from './steps.js';

/** NM_ACTIVATION_STATE_FLAG_EXTERNAL: the connection is what it has found on the interface. */
const EXTERNAL = 0x80;

export const NETWORK_MANAGER: Question = {
  id: 'network-manager',
  doing: 'Asking NetworkManager',
  ask: askNetworkManager,
};

async function askNetworkManager({ bus, facts }: Scene): Promise<Finding> {
  const name = facts?.interfaceName;
  if (name === undefined) return { verdict: 'skipped', sentence: 'There is no interface to ask about.' };
  if (!(await isRunning(bus))) {
    return { verdict: 'skipped', sentence: 'NetworkManager does not run on this computer.' };
  }
  const device = await ask(bus, PATH, NAME, 'GetDeviceByIpIface', 's', [name]);
  if (!device.ok) {
    if (device.name.endsWith('.UnknownDevice')) {
      return { verdict: 'ok', sentence: `NetworkManager does not touch the interface ${name}.` };
    }
    return { verdict: 'skipped', sentence: `NetworkManager does not tell (${device.name}).` };
  }
  const path = String(device.values[0]);
  const managed = await property(bus, path, `${NAME}.Device`, 'Managed');
  if (typeof managed !== 'boolean') return { verdict: 'skipped', sentence: 'NetworkManager does not tell.' };
  const active = managed ? await property(bus, path, `${NAME}.Device`, 'ActiveConnection') : NO_PATH;
  return judge(name, managed, await holdOf(bus, active));
}

/** 'own': a connection of its own is up on the interface; 'external': it looks on while another runs it. */
type Hold = 'own' | 'external' | 'none';

async function holdOf(bus: BusConnection, active: unknown): Promise<Hold> {
  if (typeof active !== 'string' || active === NO_PATH) return 'none';
  const flags = await property(bus, active, `${NAME}.Connection.Active`, 'StateFlags');
  return typeof flags === 'number' && (flags & EXTERNAL) !== 0 ? 'external' : 'own';
}

function judge(name: string, managed: boolean, hold: Hold): Finding {
  if (!managed) return { verdict: 'ok', sentence: `NetworkManager leaves the interface ${name} alone.` };
  // "+=", as "=" would throw away what others have put there; and a section [device-…] is not looked at again on a reload.
  const remedy = `Put "[keyfile]" and "unmanaged-devices+=interface-name:${name}", each on a line of its own, into a file of /etc/NetworkManager/conf.d, and reload NetworkManager; until then, the command does it.`;
  const advice = { remedy, command: `nmcli device set ${name} managed no` };
  if (hold === 'own') {
    const sentence = `NetworkManager runs a connection of its own on the interface ${name}, and takes the tunnel's address away.`;
    return { verdict: 'failed', sentence, ...advice };
  }
  const what = hold === 'external' ? 'only looks on' : 'does nothing with it';
  const sentence = `NetworkManager counts the interface ${name} among its own; for now it ${what}, but who clicks it there breaks the tunnel.`;
  return { verdict: 'warning', sentence, ...advice };
}
