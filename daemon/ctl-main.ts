#!/usr/bin/env node
/** miredoctl(1): shows and controls the tunnel over the system bus. */
import type { Setting } from './ctl/calling.js';
import { type CtlRequest, parseCtlCommandLine } from './ctl/command-line.js';
import { start, stop } from './ctl/control.js';
import { diagnose } from './ctl/diagnose.js';
import type { ExitCode } from './ctl/exit-codes.js';
import { monitor } from './ctl/monitor.js';
import { probe } from './ctl/probe.js';
import { processScreen } from './ctl/screen.js';
import { changeServers, listServers } from './ctl/server-list.js';
import { status } from './ctl/status.js';
import { versions } from './ctl/versions.js';

function execute(request: CtlRequest, setting: Setting): Promise<ExitCode> {
  const { screen, end } = setting;
  switch (request.command) {
    case 'status':
      return status(request, screen, end);
    case 'start':
    case 'restart':
      return start(request, setting);
    case 'stop':
      return stop(setting);
    case 'server list':
      return listServers(request, screen);
    case 'server probe':
      return probe(request, setting);
    case 'server set':
    case 'server add':
    case 'server remove':
      return changeServers(request, setting);
    case 'monitor':
      return monitor(request, screen, end);
    case 'diagnose':
      return diagnose(request, setting);
    case 'version':
      return versions(screen);
  }
}

const words = parseCtlCommandLine(process.argv.slice(2));
if (typeof words === 'number') process.exit(words);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
const { request, askPassword } = words;
void execute(request, { screen: processScreen(), askPassword, end: interruption.signal }).then((code) => {
  process.exitCode = code;
});
