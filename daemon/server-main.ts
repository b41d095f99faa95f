#!/usr/bin/env node
/** miredo-server(8): Teredo server. */
import { parseServerConf } from './config/server-conf.js';
import { loadConfiguration } from './service/configuration-file.js';
import { programMain } from './service/program-main.js';
import { MIREDO_SERVER } from './service/programs.js';
import { startServer } from './service/server-service.js';

void programMain(MIREDO_SERVER, ({ config }, log) => ({
  load: () => loadConfiguration(config, parseServerConf, log),
  describe: () => 'server',
  start: startServer,
  // For the way into native IPv6, should it have to be opened again.
  capabilities: () => ['CAP_NET_RAW'],
  adopt: () => false,
}));
