/** Electron's app: life, single instance, and events. */
import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { record } from './record.js';

class StandInApp extends EventEmitter {
  readonly isPackaged = false;

  /** A socket under $XDG_RUNTIME_DIR, as Electron has one in its user data. */
  requestSingleInstanceLock(): boolean {
    record('app.requestSingleInstanceLock', IS_FIRST);
    return IS_FIRST;
  }

  enableSandbox(): void {
    record('app.enableSandbox');
  }

  whenReady(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  getVersion(): string {
    return '0.0.0-stand-in';
  }

  getAppPath(): string {
    return process.cwd();
  }

  quit(): void {
    record('app.quit');
    this.emit('before-quit', {});
    this.emit('will-quit', {});
    this.emit('quit', {});
    // What the app left running would keep it alive; Electron's own exit waits for nothing.
    setTimeout(() => process.exit(0), 1000);
  }
}

export const app = new StandInApp();

const SOCKET = join(process.env['XDG_RUNTIME_DIR'] ?? '/nonexistent', 'stand-in.socket');

/** Whether this process is the first; the first hears of the others. */
async function becomeFirst(): Promise<boolean> {
  const isThere = await new Promise<boolean>((resolve) => {
    const socket = connect(SOCKET, () => {
      socket.end();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
  if (isThere) return false;
  const server = createServer((socket) => {
    socket.destroy();
    app.emit('second-instance', {}, [], '');
  });
  // Of one that has ended without a word.
  rmSync(SOCKET, { force: true });
  server.listen(SOCKET).unref();
  return true;
}

const IS_FIRST = await becomeFirst();
