/** Electron's session and protocol: what the window may load, decided by the app's own handlers. */
import { record } from './record.js';
import { strict } from './strict.js';

type ProtocolHandler = (request: Request) => Promise<Response> | Response;
type Decide = (answer: { readonly cancel?: boolean }) => void;
type RequestListener = (details: { readonly url: string }, decide: Decide) => void;
type PermissionHandler = (contents: unknown, permission: string, decide: (isGranted: boolean) => void) => void;

export class StandInSession {
  readonly handlers = new Map<string, ProtocolHandler>();
  filter: RequestListener | undefined;
  permissionRequests: PermissionHandler | undefined;
  permissionChecks: ((contents: unknown, permission: string) => boolean) | undefined;

  readonly protocol = strict('session.protocol', {
    handle: (scheme: string, handler: ProtocolHandler): void => {
      this.handlers.set(scheme, handler);
    },
  });
  readonly webRequest = strict('session.webRequest', {
    onBeforeRequest: (listener: RequestListener): void => {
      this.filter = listener;
    },
  });

  setPermissionRequestHandler(handler: PermissionHandler): void {
    this.permissionRequests = handler;
  }

  setPermissionCheckHandler(handler: (contents: unknown, permission: string) => boolean): void {
    this.permissionChecks = handler;
  }

  /** Electron's answer to a page's request: undefined when it is not let out. */
  async fetch(url: string): Promise<Response | undefined> {
    const filter = this.filter;
    const verdict =
      filter === undefined ? {} : await new Promise<{ cancel?: boolean }>((resolve) => filter({ url }, resolve));
    if (verdict.cancel === true) {
      record('blocked', url);
      return undefined;
    }
    return this.handlers.get(new URL(url).protocol.slice(0, -1))?.(new Request(url));
  }
}

const sessions = new Map<string, StandInSession>();

export const session = {
  fromPartition(name: string): StandInSession {
    if (name.startsWith('persist:')) throw new Error('stand-in: sessions on disk are not provided for');
    const known = sessions.get(name) ?? strict('session', new StandInSession());
    sessions.set(name, known);
    return known;
  },
};

export const privileged: string[] = [];

export const protocol = {
  registerSchemesAsPrivileged(schemes: readonly { readonly scheme: string }[]): void {
    privileged.push(...schemes.map(({ scheme }) => scheme));
    record('protocol.registerSchemesAsPrivileged', schemes);
  },
};
