/** Electron's Tray as a StatusNotifierItem, which a real panel shows. */
import { EventEmitter } from 'node:events';
import type { MenuItemConstructorOptions } from 'electron';
import sharp from 'sharp';
import type { BusConnection } from '../../../../dbus/connection.js';
import { exportObjects, variant } from './exported-object.js';
import type { StandInImage } from './image.js';
import { MENU_INTERFACE, MENU_PATH, MenuService, type StandInMenu } from './menu.js';
import { record } from './record.js';

const ITEM = 'org.kde.StatusNotifierItem';
const ITEM_PATH = '/StatusNotifierItem';
const WATCHER = 'org.kde.StatusNotifierWatcher';

type Pixmap = readonly [number, number, readonly number[]];

export class StandInTray extends EventEmitter {
  #tip = '';
  #pixmaps: readonly Pixmap[] = [];
  #connection: BusConnection | undefined;
  #watcher: unknown;
  #isDestroyed = false;
  readonly #menu = new MenuService((options) => this.#click(options));
  readonly #ready: Promise<void>;

  constructor(image: StandInImage) {
    super();
    record('Tray', image.path);
    this.#ready = this.#begin(image);
  }

  setImage(image: StandInImage): void {
    record('Tray.setImage', image.path);
    void this.#ready.then(async () => {
      this.#pixmaps = await pixmapsOf(image);
      if (this.#connection === undefined) return;
      this.#connection.signal(ITEM_PATH, ITEM, 'NewIcon', '', []);
      await this.#register(this.#connection);
    });
  }

  setToolTip(tip: string): void {
    record('Tray.setToolTip', tip);
    this.#tip = tip;
    this.#connection?.signal(ITEM_PATH, ITEM, 'NewToolTip', '', []);
  }

  setContextMenu(menu: StandInMenu): void {
    record('Tray.setContextMenu', menuText(menu.nodes.map(({ options }) => options)));
    this.#menu.menu = menu;
    this.#menu.revision += 1;
    this.#connection?.signal(MENU_PATH, MENU_INTERFACE, 'LayoutUpdated', 'ui', [this.#menu.revision, 0]);
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#connection?.close();
  }

  #click(options: MenuItemConstructorOptions): void {
    record('menu click', options.label);
    (options.click as (() => void) | undefined)?.();
  }

  async #begin(image: StandInImage): Promise<void> {
    this.#pixmaps = await pixmapsOf(image);
    const act = (event: string) => (): readonly [string, readonly unknown[]] => {
      this.emit(event);
      return ['', []];
    };
    const item = {
      path: ITEM_PATH,
      interface: ITEM,
      properties: () => this.#properties(),
      methods: {
        Activate: act('click'),
        SecondaryActivate: act('middle-click'),
        ContextMenu: act('context'),
        Scroll: act('scroll'),
      },
    };
    const address = process.env['DBUS_SESSION_BUS_ADDRESS'] ?? '';
    const connection = await exportObjects([item, this.#menu.object], address);
    if (this.#isDestroyed) return connection.close();
    this.#connection = connection;
    await this.#register(connection);
  }

  /** With a panel that has not seen it yet. */
  async #register(connection: BusConnection): Promise<void> {
    const owner = await connection.callBus('GetNameOwner', 's', [WATCHER]);
    if (!owner.ok || owner.values[0] === this.#watcher) return;
    this.#watcher = owner.values[0];
    const name = `org.kde.StatusNotifierItem-${process.pid}-1`;
    await connection.callBus('RequestName', 'su', [name, 4]);
    const answer = await connection.call({
      destination: WATCHER,
      path: '/StatusNotifierWatcher',
      interface: WATCHER,
      member: 'RegisterStatusNotifierItem',
      signature: 's',
      values: [name],
    });
    record('Tray registered', answer.ok);
  }

  #properties(): Record<string, ReturnType<typeof variant>> {
    const text = (value: string): ReturnType<typeof variant> => variant('s', value);
    const pixmaps = (value: readonly Pixmap[]): ReturnType<typeof variant> => variant('a(iiay)', value);
    const [title = '', ...rest] = this.#tip.split('\n');
    return {
      Category: text('ApplicationStatus'),
      Id: text('miredo-tray'),
      Title: text('Miredo'),
      Status: text('Active'),
      WindowId: variant('i', 0),
      IconName: text(''),
      IconThemePath: text(''),
      IconPixmap: pixmaps(this.#pixmaps),
      OverlayIconName: text(''),
      OverlayIconPixmap: pixmaps([]),
      AttentionIconName: text(''),
      AttentionIconPixmap: pixmaps([]),
      AttentionMovieName: text(''),
      ToolTip: variant('(sa(iiay)ss)', ['', [], title, rest.join('\n')]),
      ItemIsMenu: variant('b', false),
      Menu: variant('o', MENU_PATH),
    };
  }
}

/** As both sizes of the image: ARGB, the most significant byte first. */
async function pixmapsOf({ path }: StandInImage): Promise<readonly Pixmap[]> {
  const read = async (file: string): Promise<Pixmap> => {
    const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const bytes: number[] = [];
    for (let at = 0; at < data.length; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4);
      bytes.push(alpha, red, green, blue);
    }
    return [info.width, info.height, bytes];
  };
  return Promise.all([read(path), read(path.replace(/\.png$/, '@2x.png'))]);
}

/** A line an entry, as somebody reads it. */
export function menuText(entries: readonly MenuItemConstructorOptions[], indent = ''): string {
  return entries
    .flatMap(({ type, label = '', enabled, checked, submenu }) => {
      if (type === 'separator') return [`${indent}──`];
      const marks = { radio: checked ? '◉ ' : '○ ', checkbox: checked ? '☑ ' : '☐ ', submenu: '', normal: '' };
      const mark = marks[(type ?? 'normal') as keyof typeof marks] ?? '';
      const line = `${indent}${mark}${label.replaceAll('&&', '&')}${enabled === false ? '  (disabled)' : ''}`;
      const inner = submenu as MenuItemConstructorOptions[] | undefined;
      return inner === undefined || inner.length === 0 ? [line] : [`${line} ▸`, menuText(inner, `${indent}  `)];
    })
    .join('\n');
}
