#!/usr/bin/env node
/** miredo-checkconf(8): tells every fault of configuration files. */
import { formatWithSeverity } from './config/fault.js';
import { checkFile } from './service/checkconf.js';
import { parseCheckCommandLine } from './service/checkconf-command-line.js';
import { EXIT_FAILURE, EXIT_OK } from './service/exit-codes.js';

const request = parseCheckCommandLine(process.argv.slice(2));
if (typeof request === 'number') process.exit(request);
const faults = request.files.flatMap((file) => checkFile(file, request.kind));
for (const fault of faults) process.stderr.write(`${formatWithSeverity(fault)}\n`);
const counting = request.onlyErrorsCount ? faults.filter(({ severity }) => severity === 'error') : faults;
process.exitCode = counting.length > 0 ? EXIT_FAILURE : EXIT_OK;
