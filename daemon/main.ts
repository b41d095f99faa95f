#!/usr/bin/env node
/** miredo(8): Teredo client or relay. */
import { parseMiredoConf } from './config/miredo-conf.js';
import { parseCommandLine } from './service/command-line.js';
import { loadConfiguration } from './service/configuration-file.js';
import { EXIT_USAGE } from './service/exit-codes.js';
import { stderrLog } from './service/log.js';
import { MIREDO } from './service/programs.js';
import { run } from './service/run.js';

const options = parseCommandLine(MIREDO, process.argv.slice(2));
if (typeof options === 'number') process.exit(options);
const log = stderrLog(MIREDO.name);
const settings = loadConfiguration(options.config, (file, text) => parseMiredoConf(file, text, options.server), log);
if (settings === undefined) process.exit(EXIT_USAGE);

// Only the mode that is wanted is loaded: start-up is a matter of tens of milliseconds.
if (settings.mode === 'client') {
  const { startClient } = await import('./service/client-service.js');
  run(options.pidfile, log, (broken) => startClient(settings, log, broken));
} else {
  const { startRelay } = await import('./service/relay-service.js');
  run(options.pidfile, log, (broken) => startRelay(settings, log, broken));
}
