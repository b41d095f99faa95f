/**
 * Where the window's page comes from, and what it may not do: three files of ours under a scheme of their own, a strict
 * policy, and no way to anywhere else.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { app, protocol, type Session, session } from 'electron';

const SCHEME = 'app';
export const ORIGIN = `${SCHEME}://miredo`;
export const PAGE = `${ORIGIN}/index.html`;

/** All that there is; made by packaging/bundle-renderer.mjs. */
const FILES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'window.js': 'text/javascript; charset=utf-8',
  'window.css': 'text/css; charset=utf-8',
};
const FOLDER = join(__dirname, '../renderer');

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** To be called before Electron is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: { standard: true, secure: true } }]);
}

/** Kept in memory only: the window has nothing to store. */
export const ownSession = (): Session => session.fromPartition('miredo');

export function closeDoors(): void {
  const own = ownSession();
  own.protocol.handle(SCHEME, ({ url }) => answer(new URL(url)));
  own.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  own.setPermissionCheckHandler(() => false);
  own.webRequest.onBeforeRequest(({ url }, decide) => decide({ cancel: !isOwn(url) }));
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

/** `devtools:` is Electron's own, and only there when the app is not packaged. */
const isOwn = (url: string): boolean => url.startsWith(`${ORIGIN}/`) || url.startsWith('devtools:');

async function answer({ host, pathname }: URL): Promise<Response> {
  const name = pathname.slice(1);
  const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (host !== 'miredo' || type === undefined) return new Response('', { status: 404 });
  const headers = { 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' };
  return new Response(await readFile(join(FOLDER, name)), { headers });
}
