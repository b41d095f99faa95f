/** Readers of the messages a supervisor sends. It is trusted, but a mistake in it must not become a strange engine. */
import type { Ipv4Address } from '../wire/ipv4.js';
import { parseIpv6 } from '../wire/ipv6.js';
import { fields, isCount, isWhole, readIpv4 } from './message-fields.js';
import {
  type Configure,
  type Confinement,
  type ProbeRole,
  type Role,
  TARGET_LIMIT,
  TEST_ADDRESS_LIMIT,
  type ToEngine,
} from './messages.js';

/** BOUNDED: subnets a host is attached to, descriptors it hands over. */
const LIST_LIMIT = 256;
const DESCRIPTOR_LIMIT = 1024;

export function readToEngine(value: unknown): ToEngine | undefined {
  const type = (value as { readonly type?: unknown } | null)?.type;
  switch (type) {
    case 'configure':
      return readConfigure(value);
    case 'start': {
      const message = fields(value, 'type', 'primary', 'secondary');
      const primary = readIpv4(message?.['primary']);
      const secondary = readIpv4(message?.['secondary']);
      return primary !== undefined && secondary !== undefined ? { type, primary, secondary } : undefined;
    }
    case 'stop':
    case 'test':
      return fields(value, 'type') && { type };
    case 'scope': {
      const directedBroadcasts = readAddresses(fields(value, 'type', 'directedBroadcasts')?.['directedBroadcasts']);
      return directedBroadcasts && { type, directedBroadcasts };
    }
    case 'ask': {
      const number = fields(value, 'type', 'number')?.['number'];
      return isCount(number) ? { type, number } : undefined;
    }
    default:
      return undefined;
  }
}

function readConfigure(value: unknown): Configure | undefined {
  const message = fields(value, 'type', 'role', 'confinement', 'sockets', 'device', 'directedBroadcasts');
  const role = readRole(message?.['role']);
  const confinement = readConfinement(message?.['confinement']);
  const directedBroadcasts = readAddresses(message?.['directedBroadcasts']);
  const device = message?.['device'];
  const sockets = message?.['sockets'];
  if (role === undefined || confinement === undefined || directedBroadcasts === undefined) return undefined;
  if (!isDescriptor(device) || !Array.isArray(sockets) || sockets.length > 2 || !sockets.every(isDescriptor)) {
    return undefined;
  }
  return { type: 'configure', role, confinement, sockets, device, directedBroadcasts };
}

const isDescriptor = (value: unknown): value is number => isWhole(value, DESCRIPTOR_LIMIT) && value > 2;

function readRole(value: unknown): Role | undefined {
  const role = fields(
    value,
    ...['name', 'prefix', 'localPort', 'directBubbles', 'errorSource', 'primary', 'secondary', 'mtu'],
    ...['targets', 'cone', 'testAddresses'],
  );
  const name = role?.['name'];
  const prefix = role?.['prefix'];
  if (role === undefined || !isWhole(prefix, 0xffffffff)) return undefined;
  const { localPort, directBubbles, errorSource, mtu } = role;
  if (name === 'client') {
    const testAddresses = role['testAddresses'];
    if (!isWhole(localPort, 65535) || !Array.isArray(testAddresses)) return undefined;
    if (testAddresses.length > TEST_ADDRESS_LIMIT || !testAddresses.every(isIpv6)) return undefined;
    return { name, prefix, localPort, testAddresses };
  }
  if (name === 'relay') {
    if (typeof directBubbles !== 'boolean' || typeof errorSource !== 'string') return undefined;
    return { name, prefix, directBubbles, errorSource };
  }
  if (name === 'probe') return readProbeRole(prefix, role['targets'], role['cone']);
  const primary = readIpv4(role['primary']);
  const secondary = readIpv4(role['secondary']);
  if (name !== 'server' || primary === undefined || secondary === undefined || !isWhole(mtu, 65535)) return undefined;
  return { name, prefix, primary, secondary, mtu };
}

const isIpv6 = (value: unknown): value is string => typeof value === 'string' && parseIpv6(value) !== undefined;

function readProbeRole(prefix: number, list: unknown, cone: unknown): ProbeRole | undefined {
  if (!Array.isArray(list) || list.length > TARGET_LIMIT || typeof cone !== 'boolean') return undefined;
  const targets = list.map((entry: unknown) => {
    const parts = fields(entry, 'primary', 'secondary');
    const primary = readIpv4(parts?.['primary']);
    const secondary = readIpv4(parts?.['secondary']);
    return primary !== undefined && secondary !== undefined ? { primary, secondary } : undefined;
  });
  return targets.every((target) => target !== undefined) ? { name: 'probe', prefix, targets, cone } : undefined;
}

function readConfinement(value: unknown): Confinement | undefined {
  const confinement = fields(value, 'root', 'uid', 'gid', 'keepUser', 'parent');
  if (confinement === undefined) return undefined;
  const { root, uid, gid, keepUser, parent } = confinement;
  if (typeof root !== 'string' || !root.startsWith('/') || typeof keepUser !== 'boolean') return undefined;
  if (!isWhole(uid, 0xffffffff) || !isWhole(gid, 0xffffffff) || !isWhole(parent, 0x7fffffff)) return undefined;
  return { root, uid, gid, keepUser, parent };
}

function readAddresses(value: unknown): readonly Ipv4Address[] | undefined {
  if (!Array.isArray(value) || value.length > LIST_LIMIT) return undefined;
  const addresses = value.map(readIpv4);
  return addresses.every((address) => address !== undefined) ? addresses : undefined;
}
