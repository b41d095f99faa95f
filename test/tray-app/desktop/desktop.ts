/**
 * A desktop of the test's own: X server, session bus, window manager, a panel that shows tray icons (xfce4-panel) and a
 * notification daemon (dunst), which writes down what it shows. To be had inside of {@link enterBusStage}.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../lab/kernel-view.js';
import { missingSentence } from '../../lab/needed-programs.js';

const SERVICES = '/usr/share/dbus-1/services';
/** What the panel needs, and nothing else that the bus could start. */
const ACTIVATABLE = /^org\.xfce\.Xfconf.*\.service$/;
/** Its middle, and its breadth. */
const PANEL = { x: 1060, y: 735, size: 40 };

export const desktopSkip = (): string | false => missingSentence(['desktop']) ?? false;

export interface ShownNotice {
  readonly app: string;
  readonly summary: string;
  readonly body: string;
}

export class Desktop {
  readonly home = mkdtempSync(join(tmpdir(), 'miredo-desktop-'));
  readonly env: Record<string, string | undefined>;
  readonly #children: ChildProcess[] = [];
  readonly #busAddress: string;
  #panel: ChildProcess | undefined;

  constructor() {
    const runtime = join(this.home, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    this.#busAddress = `unix:path=${join(runtime, 'bus')}`;
    this.env = {
      PATH: process.env['PATH'],
      HOME: this.home,
      XDG_RUNTIME_DIR: runtime,
      XDG_CURRENT_DESKTOP: 'XFCE',
      XDG_DATA_DIRS: '/usr/share',
      LC_ALL: 'C.UTF-8',
      NO_AT_BRIDGE: '1',
      GTK_A11Y: 'none',
      DBUS_SESSION_BUS_ADDRESS: this.#busAddress,
    };
  }

  /** `hasPanel`: without one nobody shows tray icons. */
  async start({ hasPanel = true } = {}): Promise<void> {
    await this.#startX();
    await this.#startSessionBus();
    this.#spawn('openbox', []);
    this.#run('xsetroot', '-solid', '#404060');
    this.#spawn('dunst', ['-config', this.#dunstConfiguration()]);
    await this.#waitForName('org.freedesktop.Notifications');
    if (hasPanel) await this.startPanel();
  }

  async startPanel(): Promise<void> {
    const folder = join(this.home, '.config/xfce4/xfconf/xfce-perchannel-xml');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'xfce4-panel.xml'), panelConfiguration());
    this.#panel = this.#spawn('xfce4-panel', ['--disable-wm-check']);
    await this.#waitForName('org.kde.StatusNotifierWatcher');
  }

  async stopPanel(): Promise<void> {
    if (this.#panel !== undefined) await ended(this.#panel, 'SIGTERM');
  }

  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) await ended(child, 'SIGTERM');
    rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  /** Of the whole screen. */
  screenshot(path: string): void {
    this.#run('import', '-window', 'root', path);
  }

  /** A click on the tray's one icon. */
  clickIcon(button: 'left' | 'middle' | 'right'): void {
    const number = { left: '1', middle: '2', right: '3' }[button];
    this.#run('xdotool', 'mousemove', String(PANEL.x), String(PANEL.y), 'click', number);
  }

  /** Opens the icon's menu, and clicks an entry: the `position`th of those that can be clicked. */
  async choose(position: number): Promise<void> {
    await this.openMenu();
    this.press(...Array.from({ length: position }, () => 'Down'), 'Return');
    await this.#menuIsOpen(false);
  }

  /** An icon has come into the panel, which until then is a line. */
  async iconIsShown(): Promise<void> {
    const look = (): true | undefined => {
      const [window = ''] = this.#panelWindows();
      return window === ''
        ? undefined
        : /WIDTH=[2-9]\d/.test(this.#run('xdotool', 'getwindowgeometry', '--shell', window)) || undefined;
    };
    await waitFor('the icon', look, { timeout: 10_000 });
  }

  async openMenu(): Promise<void> {
    await this.iconIsShown();
    this.clickIcon('right');
    await this.#menuIsOpen(true);
  }

  async closeMenu(): Promise<void> {
    this.press('Escape');
    await this.#menuIsOpen(false);
  }

  /** The panel's menu is a window of its own, beside the one of the icons. */
  async #menuIsOpen(isOpen: boolean): Promise<void> {
    const look = (): true | undefined => {
      return this.#panelWindows().length > 1 === isOpen || undefined;
    };
    await waitFor('the menu', look, { timeout: 5000 });
  }

  /** xdotool ends with 1 when there are none. */
  #panelWindows(): readonly string[] {
    const words = ['search', '--onlyvisible', '--class', 'wrapper'];
    const { stdout } = spawnSync('xdotool', words, { env: this.env, timeout: 10_000, encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line !== '');
  }

  press(...keys: readonly string[]): void {
    this.#run('xdotool', 'key', '--delay', '60', ...keys);
  }

  clipboard(): string {
    return execFileSync('xclip', ['-selection', 'clipboard', '-o'], { env: this.env, encoding: 'utf8', timeout: 5000 });
  }

  /** What the notification daemon has put on the screen. */
  notices(): readonly ShownNotice[] {
    const file = join(this.home, 'notices');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\0\n').slice(0, -1);
    return lines.map((line) => {
      const [app = '', summary = '', body = ''] = line.split('\0');
      return { app, summary, body };
    });
  }

  #run(command: string, ...words: readonly string[]): string {
    return execFileSync(command, words, { env: this.env, timeout: 10_000, stdio: 'pipe', encoding: 'utf8' });
  }

  #spawn(command: string, words: readonly string[]): ChildProcess {
    const child = spawn(command, words, { env: this.env, stdio: 'ignore' });
    this.#children.push(child);
    return child;
  }

  /** On a display that is free, in the stage's own /tmp/.X11-unix. */
  async #startX(): Promise<void> {
    mkdirSync('/tmp/.X11-unix', { recursive: true, mode: 0o1777 });
    const words = ['-displayfd', '3', '-screen', '0', '1100x760x24', '-nolisten', 'tcp', '-noreset'];
    const child = spawn('Xvfb', words, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    const number = await new Promise<string>((resolve, reject) => {
      child.stdio[3]?.once('data', (data) => resolve(String(data).trim()));
      child.once('exit', () => reject(new Error('Xvfb does not start')));
    });
    this.env['DISPLAY'] = `:${number}`;
  }

  async #startSessionBus(): Promise<void> {
    const services = join(this.home, 'services');
    mkdirSync(services);
    for (const name of readdirSync(SERVICES).filter((file) => ACTIVATABLE.test(file))) {
      copyFileSync(join(SERVICES, name), join(services, name));
      const text = readFileSync(join(services, name), 'utf8');
      writeFileSync(join(services, name), text.replace(/^SystemdService=.*\n/m, ''));
    }
    const file = join(this.home, 'session.conf');
    writeFileSync(file, busConfiguration(this.#busAddress, services));
    this.#spawn('dbus-daemon', [`--config-file=${file}`, '--nofork', '--nopidfile', '--nosyslog']);
    const socket = this.#busAddress.slice('unix:path='.length);
    await waitFor('the session bus', () => existsSync(socket) || undefined, { timeout: 5000 });
  }

  async #waitForName(name: string): Promise<void> {
    const words = [
      '--session',
      '--print-reply',
      '--dest=org.freedesktop.DBus',
      '/',
      'org.freedesktop.DBus.NameHasOwner',
    ];
    const look = (): true | undefined => {
      const said = execFileSync('dbus-send', [...words, `string:${name}`], { env: this.env, encoding: 'utf8' });
      return said.includes('true') || undefined;
    };
    await waitFor(name, look, { timeout: 15_000 });
  }

  #dunstConfiguration(): string {
    const script = join(this.home, 'notice.sh');
    const file = join(this.home, 'notices');
    writeFileSync(script, `#!/bin/sh\nprintf '%s\\0%s\\0%s\\0\\n' "$1" "$2" "$3" >>${file}\n`, { mode: 0o755 });
    const path = join(this.home, 'dunstrc');
    writeFileSync(path, `[global]\nwidth = 360\noffset = 10x10\nstack_duplicates = false\n[all]\nscript = ${script}\n`);
    return path;
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const last = setTimeout(() => child.kill('SIGKILL'), 3000);
  await exited;
  clearTimeout(last);
}

const busConfiguration = (address: string, services: string): string => `<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${services}</servicedir>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`;

/** A panel with nothing but the icons, in a place that is known. */
function panelConfiguration(): string {
  const property = (name: string, type: string, value: string | number): string =>
    `<property name="${name}" type="${type}" value="${value}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  ${property('configver', 'int', 2)}
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      ${property('position', 'string', `p=0;x=${PANEL.x};y=${PANEL.y}`)}
      ${property('position-locked', 'bool', 'true')}
      ${property('length', 'uint', 1)}
      ${property('size', 'uint', PANEL.size)}
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
`;
}
