#!/usr/bin/env node
/** miredo(8): Teredo client or relay. */
import { type MiredoSettings, parseMiredoConf } from './config/miredo-conf.js';
import { ClientService, startClient } from './service/client-service.js';
import { parseCommandLine } from './service/command-line.js';
import { loadConfiguration } from './service/configuration-file.js';
import { Daemon } from './service/daemon.js';
import { stderrLog } from './service/log.js';
import { MIREDO } from './service/programs.js';
import { startRelay } from './service/relay-service.js';

const options = parseCommandLine(MIREDO, process.argv.slice(2));
if (typeof options === 'number') process.exit(options);
const log = stderrLog(MIREDO.name);
const daemon = new Daemon<MiredoSettings>(
  options,
  {
    load: () => loadConfiguration(options.config, (file, text) => parseMiredoConf(file, text, options.server), log),
    start: (settings, confinement, host) =>
      settings.mode === 'client' ? startClient(settings, confinement, host) : startRelay(settings, confinement, host),
    adopt: (service, settings) =>
      service instanceof ClientService && settings.mode === 'client' && service.adopt(settings),
  },
  log,
);
await daemon.run();
