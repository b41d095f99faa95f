/**
 * The app without Electron, as a process of its own, so that it can be another user's. It does what the test says, as
 * the window would; with $DISMISS it closes each question for a password.
 */
import { readFileSync } from 'node:fs';
import { openBus } from '../../../dbus/connection.js';
import { App } from '../../../tray-app/main/app.js';
import { autostartFiles } from '../../../tray-app/main/autostart.js';
import type { RequestName } from '../../../tray-app/shared/ipc.js';
import { trayFace } from '../../../tray-app/shared/tray-model.js';

const AGENT_PATH = '/org/miredo/test/Agent';

/** An authentication agent for this process (polkit(8)) whose user always presses Cancel. */
async function registerAgent(): Promise<void> {
  const opened = await openBus({
    called: (message) =>
      opened.ok &&
      opened.connection.replyError(message, { name: 'org.freedesktop.PolicyKit1.Error.Cancelled', text: 'Cancel' }),
  });
  if (!opened.ok) throw new Error(opened.sentence);
  // Field 22 of stat(5); the name in field 2 may have spaces.
  const started =
    readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[19] ?? '';
  const details = {
    pid: { signature: 'u', value: process.pid },
    'start-time': { signature: 't', value: BigInt(started) },
    uid: { signature: 'i', value: process.getuid?.() ?? 0 },
  };
  const answer = await opened.connection.call({
    destination: 'org.freedesktop.PolicyKit1',
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: 'org.freedesktop.PolicyKit1.Authority',
    member: 'RegisterAuthenticationAgent',
    signature: '(sa{sv})ss',
    values: [['unix-process', details], 'en', AGENT_PATH],
  });
  if (!answer.ok) throw new Error(`${answer.name}: ${answer.text}`);
}

export type ChildMessage =
  | { readonly event: 'view'; readonly view: unknown; readonly menu: unknown }
  | { readonly event: 'answer'; readonly serial: number; readonly value: unknown };

const send = (message: ChildMessage): void => {
  process.send?.(message);
};

if (process.env['DISMISS'] === '1') await registerAgent();

const configHome = process.env['XDG_CONFIG_HOME'] ?? '/nonexistent';
const app = new App(
  {
    configHome,
    autostart: autostartFiles(configHome, '/nonexistent'),
    command: ['/usr/bin/miredo-tray'],
    iconPath: '',
    languages: ['en'],
    appVersion: '0',
    platform: {},
    isHidden: true,
    isTrayOnly: false,
    now: Date.now,
  },
  {
    copyText: () => undefined,
    saveText: async () => ({ ok: true, value: 'cancelled' }),
    applyTheme: () => 'light',
    showWindow: () => undefined,
    quit: () => undefined,
  },
  (event, view) => {
    if (event === 'view') send({ event, view, menu: trayFace(app.store.view).menu });
  },
  () => undefined,
);

process.on(
  'message',
  ({ serial, request, args }: { serial: number; request: RequestName; args: readonly unknown[] }) => {
    const handler = app.handlers[request] as (...words: readonly unknown[]) => unknown;
    void Promise.resolve(handler(...args)).then((value) => send({ event: 'answer', serial, value }));
  },
);
process.on('disconnect', () => process.exit(0));
app.begin();
