/** The life of a program: start its service, heed signals, leave nothing behind. */
import { EXIT_FAILURE, EXIT_OK, EXIT_SOFTWARE } from './exit-codes.js';
import type { Log } from './log.js';
import { claimPidFile } from './pid-file.js';
import type { Broken, Service, Started, StartFailure } from './service.js';

/** Runs until a signal ends it or the tunnel breaks; exits the process. */
export function run(pidfile: string, log: Log, start: (broken: Broken) => Started | StartFailure): void {
  const pidFile = claimPidFile(pidfile);
  if (!pidFile.ok) {
    log('error', pidFile.sentence);
    process.exit(EXIT_FAILURE);
  }
  let service: Service | undefined;
  const end = (code: number): never => {
    service?.close();
    pidFile.release();
    process.exit(code);
  };
  process.on('uncaughtException', (error) => {
    log('error', `fault in the program, please report it: ${error.stack ?? error.message}`);
    end(EXIT_SOFTWARE);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      log('notice', `ending on ${signal}`);
      end(EXIT_OK);
    });
  }
  // miredo(8): "Do nothing". Without a handler they would end us (and SIGUSR1 would start Node's debugger).
  for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const) process.on(signal, () => {});
  const started = start((sentence) => {
    log('error', sentence);
    end(EXIT_FAILURE);
  });
  if (!started.ok) {
    log('error', started.sentence);
    end(EXIT_FAILURE);
    return;
  }
  service = started.service;
}
