#!/usr/bin/env node
/** miredo-server(8): Teredo server. */
import { parseServerConf, type ServerSettings } from './config/server-conf.js';
import { parseCommandLine } from './service/command-line.js';
import { loadConfiguration } from './service/configuration-file.js';
import { Daemon } from './service/daemon.js';
import { stderrLog } from './service/log.js';
import { MIREDO_SERVER } from './service/programs.js';
import { startServer } from './service/server-service.js';

const options = parseCommandLine(MIREDO_SERVER, process.argv.slice(2));
if (typeof options === 'number') process.exit(options);
const log = stderrLog(MIREDO_SERVER.name);
const daemon = new Daemon<ServerSettings>(
  options,
  { load: () => loadConfiguration(options.config, parseServerConf, log), start: startServer, adopt: () => false },
  log,
);
await daemon.run();
