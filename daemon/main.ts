#!/usr/bin/env node
/** miredo(8): Teredo client or relay. */
import { type MiredoSettings, parseMiredoConf } from './config/miredo-conf.js';
import { BusPresence } from './service/bus/bus-presence.js';
import { ClientService, startClient } from './service/client-service.js';
import { loadConfiguration } from './service/configuration-file.js';
import { Hooks } from './service/hooks/hooks.js';
import { portCapabilities } from './service/privilege.js';
import { programMain } from './service/program-main.js';
import { MIREDO } from './service/programs.js';
import { startRelay } from './service/relay-service.js';

await programMain<MiredoSettings>(MIREDO, ({ config, server }, log) => ({
  load: () => loadConfiguration(config, (file, text) => parseMiredoConf(file, text, server), log),
  describe: (settings) => settings.mode,
  start: (settings, confinement, host) =>
    settings.mode === 'client' ? startClient(settings, confinement, host) : startRelay(settings, confinement, host),
  capabilities: ({ bindPort }) => portCapabilities(bindPort),
  adopt: (service, settings) =>
    service instanceof ClientService && settings.mode === 'client' && service.adopt(settings),
  client: (service) => (service instanceof ClientService ? service : undefined),
  follow: (control, confinement) => [new BusPresence(control), new Hooks(control, confinement)],
}));
