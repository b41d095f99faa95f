#!/usr/bin/env node
/** miredoctl(1): shows and controls the tunnel over the system bus. */
import { type CtlRequest, parseCtlCommandLine } from './ctl/command-line.js';
import { start, stop } from './ctl/control.js';
import type { ExitCode } from './ctl/exit-codes.js';
import { monitor } from './ctl/monitor.js';
import { processScreen, type Screen } from './ctl/screen.js';
import { status } from './ctl/status.js';
import { versions } from './ctl/versions.js';

function execute(request: CtlRequest, screen: Screen, end: AbortSignal): Promise<ExitCode> {
  switch (request.command) {
    case 'status':
      return status(request, screen, end);
    case 'start':
    case 'restart':
      return start(request, screen, end);
    case 'stop':
      return stop(screen);
    case 'monitor':
      return monitor(request, screen, end);
    case 'version':
      return versions(screen);
  }
}

const request = parseCtlCommandLine(process.argv.slice(2));
if (typeof request === 'number') process.exit(request);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
process.exitCode = await execute(request, processScreen(), interruption.signal);
