/** A Teredo server on this host: port 3544 of two addresses, and a way into native IPv6. */
import type { ServerSettings } from '../config/server-conf.js';
import { closeDescriptor, openRawIpv6, openUdp } from '../io/descriptors.js';
import { readHostAddresses } from '../io/interfaces.js';
import { openPacketPath } from '../io/kernel-path.js';
import { TeredoServer } from '../protocol/server.js';
import { ServerTunnel, serverOutput } from '../tunnel/server-tunnel.js';
import { formatIpv4 } from '../wire/ipv4.js';
import { TEREDO_PORT } from '../wire/teredo-address.js';
import { systemEnvironment } from './environment.js';
import type { Log } from './log.js';
import type { Broken, Started, StartFailure } from './service.js';

export function startServer(settings: ServerSettings, log: Log, broken: Broken): Started | StartFailure {
  const descriptors = openServerDescriptors(settings);
  if (!descriptors.ok) return descriptors;
  const path = openPacketPath(descriptors);
  const { directedBroadcasts } = readHostAddresses();
  const core = new TeredoServer(
    { ...settings, scope: { directedBroadcasts }, authentication: undefined },
    systemEnvironment(),
    serverOutput(path),
  );
  const tunnel = new ServerTunnel(core, path, (failure) => broken(failure.sentence));
  tunnel.start();
  const { primary, secondary } = settings;
  log('notice', `serving on port ${TEREDO_PORT} of ${formatIpv4(primary)} and ${formatIpv4(secondary)}`);
  return { ok: true, service: tunnel };
}

interface ServerDescriptors {
  readonly ok: true;
  readonly sockets: readonly number[];
  readonly raw: number;
}

/** All three or none. */
function openServerDescriptors(settings: ServerSettings): ServerDescriptors | StartFailure {
  const open: number[] = [];
  const results = [
    () => openUdp({ address: settings.primary, port: TEREDO_PORT }),
    () => openUdp({ address: settings.secondary, port: TEREDO_PORT }),
    openRawIpv6,
  ];
  for (const attempt of results) {
    const result = attempt();
    if (!result.ok) {
      for (const fd of open) closeDescriptor(fd);
      return result;
    }
    open.push(result.fd);
  }
  const [first, second, raw] = open as [number, number, number];
  return { ok: true, sockets: [first, second], raw };
}
