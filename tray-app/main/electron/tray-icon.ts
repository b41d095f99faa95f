/** Shows a {@link TrayFace} as Electron's tray icon, and animates it where the state is on its way. */
import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { MenuEntry, TrayAction, TrayFace } from '../../shared/tray-model.js';
import type { View } from '../../shared/view.js';

export interface TrayEvents {
  readonly perform: (action: TrayAction) => void;
  readonly open: () => void;
  readonly toggle: () => void;
}

type Clickable = Extract<MenuEntry, { readonly action: TrayAction }>;

const FRAMES = 4;
/** Milliseconds. */
const FRAME_TIME = 600;

export class TrayIcon {
  readonly #icons: string;
  readonly #events: TrayEvents;
  #tray: Tray | undefined;
  #shown = { icon: '', panel: '', tooltip: '', menu: '' };
  #menu: readonly MenuEntry[] = [];
  #animation: NodeJS.Timeout | undefined;

  constructor(icons: string, events: TrayEvents) {
    this.#icons = icons;
    this.#events = events;
  }

  show({ icon, tooltip, menu }: TrayFace, { settings, environment }: Pick<View, 'settings' | 'environment'>): void {
    const panel = settings.panel === 'system' ? panelOf(environment.theme) : settings.panel;
    const next = { icon, panel, tooltip, menu: JSON.stringify(menu) };
    const last = this.#shown;
    this.#shown = next;
    if (next.icon !== last.icon || next.panel !== last.panel) this.#draw(icon);
    const tray = this.#tray;
    if (tray === undefined) return;
    if (next.tooltip !== last.tooltip) tray.setToolTip(tooltip);
    if (next.menu !== last.menu) {
      this.#menu = menu;
      this.#setMenu();
    }
  }

  /** The panel is another one, and has to be shown everything again. */
  forget(): void {
    if (this.#tray !== undefined) this.#draw(this.#shown.icon);
  }

  end(): void {
    clearInterval(this.#animation);
    this.#tray?.destroy();
    this.#tray = undefined;
  }

  #draw(icon: string): void {
    clearInterval(this.#animation);
    if (icon !== 'qualifying') {
      this.#setImage(icon);
      return;
    }
    let frame = 0;
    const step = (): void => {
      this.#setImage(`${icon}-${frame}`);
      frame = (frame + 1) % FRAMES;
    };
    step();
    this.#animation = setInterval(step, FRAME_TIME);
  }

  #setImage(name: string): void {
    const image = nativeImage.createFromPath(join(this.#icons, this.#shown.panel, `${name}.png`));
    if (this.#tray !== undefined) {
      this.#tray.setImage(image);
      return;
    }
    this.#tray = new Tray(image);
    this.#tray.on('click', this.#events.open);
    this.#tray.on('middle-click', this.#events.toggle);
  }

  /** On Linux a menu that is shown cannot be changed: it is a new one each time. */
  #setMenu(): void {
    this.#tray?.setContextMenu(Menu.buildFromTemplate(this.#menu.map((entry) => this.#item(entry))));
  }

  #item(entry: MenuEntry): MenuItemConstructorOptions {
    switch (entry.kind) {
      case 'separator':
        return { type: 'separator' };
      case 'line':
        return { label: asLabel(entry.label), enabled: false };
      case 'submenu': {
        const submenu = entry.entries.map((inner) => this.#item(inner));
        return { type: 'submenu', label: asLabel(entry.label), enabled: entry.isEnabled, submenu };
      }
      case 'item':
        return { ...this.#clickable(entry), type: 'normal' };
      case 'radio':
      case 'checkbox':
        return { ...this.#clickable(entry), type: entry.kind, checked: entry.isChecked };
    }
  }

  #clickable({ kind, label, isEnabled, action }: Clickable): MenuItemConstructorOptions {
    const click = (): void => {
      this.#events.perform(action);
      // Electron has moved the mark by itself; it belongs where the daemon says.
      if (kind !== 'item') this.#setMenu();
    };
    return { label: asLabel(label), enabled: isEnabled, click };
  }
}

/** A single one would be taken for the mark of a key. */
const asLabel = (text: string): string => text.replaceAll('&', '&&');

/** GNOME's panel is dark whatever the theme. */
const panelOf = (theme: 'dark' | 'light'): string =>
  /\bGNOME\b/.test(process.env['XDG_CURRENT_DESKTOP'] ?? '') ? 'dark' : theme;
