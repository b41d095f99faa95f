#!/usr/bin/env node
/** miredo(8): Teredo client or relay. */
import { type MiredoSettings, parseMiredoConf } from './config/miredo-conf.js';
import { BusPresence } from './service/bus/bus-presence.js';
import { ClientService, startClient } from './service/client-service.js';
import { loadConfiguration } from './service/configuration-file.js';
import { Hooks } from './service/hooks/hooks.js';
import { portCapabilities } from './service/privilege.js';
import { probeServers } from './service/probe/server-probe.js';
import { programMain } from './service/program-main.js';
import { MIREDO } from './service/programs.js';
import { startRelay } from './service/relay-service.js';
import { STATE_FILE, StateFile } from './service/servers/state-file.js';
import { entryOf, SERVERS_FOLDER, type ServersSetup, TunnelServers } from './service/servers/tunnel-servers.js';

/** Probes go the way of the tunnel. */
const way = ({ bindAddress, interfaceName }: MiredoSettings) => ({ bindAddress, tunnel: interfaceName });

void programMain<MiredoSettings>(MIREDO, ({ config, isConfigNamed, managed, server }, log) => ({
  load: () =>
    loadConfiguration(
      config,
      (file, text) => parseMiredoConf(file, text, { server, isManaged: managed }),
      log,
      managed && !isConfigNamed,
    ),
  describe: (settings) => settings.mode,
  start: (settings, confinement, host) =>
    settings.mode === 'client' ? startClient(settings, confinement, host) : startRelay(settings, confinement, host),
  capabilities: ({ bindPort }) => portCapabilities(bindPort),
  adopt: (service, settings) =>
    service instanceof ClientService && settings.mode === 'client' && service.adopt(settings),
  client: {
    service: (service) => (service instanceof ClientService ? service : undefined),
    follow: (control, confinement) => [new BusPresence(control), new Hooks(control, confinement)],
    isMadeBy: (settings) => settings.mode === 'client',
    serverOf: (settings) => (settings.mode === 'client' ? entryOf(settings) : undefined),
    openServers: (settings, confinement, events) => {
      const setup: ServersSetup = {
        isManaged: managed,
        folder: SERVERS_FOLDER,
        file: new StateFile(STATE_FILE, log),
        probe: (targets, options) => probeServers(targets, { ...options, ...way(settings), user: confinement, log }),
        log,
      };
      return new TunnelServers(setup, settings.mode === 'client' ? entryOf(settings) : undefined, events);
    },
  },
}));
