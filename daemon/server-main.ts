#!/usr/bin/env node
/** miredo-server(8): Teredo server. */
import { parseServerConf } from './config/server-conf.js';
import { parseCommandLine } from './service/command-line.js';
import { loadConfiguration } from './service/configuration-file.js';
import { EXIT_USAGE } from './service/exit-codes.js';
import { stderrLog } from './service/log.js';
import { MIREDO_SERVER } from './service/programs.js';
import { run } from './service/run.js';
import { startServer } from './service/server-service.js';

const options = parseCommandLine(MIREDO_SERVER, process.argv.slice(2));
if (typeof options === 'number') process.exit(options);
const log = stderrLog(MIREDO_SERVER.name);
const settings = loadConfiguration(options.config, parseServerConf, log);
if (settings === undefined) process.exit(EXIT_USAGE);
run(options.pidfile, log, (broken) => startServer(settings, log, broken));
