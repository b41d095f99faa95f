/** Electron's Menu for a tray, as com.canonical.dbusmenu. */
import type { MenuItemConstructorOptions } from 'electron';
import type { Variant } from '../../../../dbus/org-miredo.js';
import { type ExportedObject, variant } from './exported-object.js';
import { record } from './record.js';

export const MENU_PATH = '/MenuBar';
export const MENU_INTERFACE = 'com.canonical.dbusmenu';

/** What the app may say of an entry; another key is a fault of the stand-in, not passed over in silence. */
const KEYS = ['type', 'label', 'enabled', 'checked', 'submenu', 'click'];

export interface MenuNode {
  readonly id: number;
  readonly options: MenuItemConstructorOptions;
  readonly children: readonly MenuNode[];
}

export class StandInMenu {
  readonly nodes: readonly MenuNode[];

  private constructor(nodes: readonly MenuNode[]) {
    this.nodes = nodes;
  }

  static buildFromTemplate(template: readonly MenuItemConstructorOptions[]): StandInMenu {
    let last = 0;
    const node = (options: MenuItemConstructorOptions): MenuNode => {
      for (const key of Object.keys(options)) if (!KEYS.includes(key)) throw new Error(`stand-in: menu item's ${key}`);
      last += 1;
      const children = options.submenu as MenuItemConstructorOptions[] | undefined;
      return { id: last, options, children: (children ?? []).map(node) };
    };
    return new StandInMenu(template.map(node));
  }
}

/** Electron shows a doubled & as one. */
const shownLabel = (label: string | undefined): string => (label ?? '').replaceAll('&&', '&').replaceAll('_', '__');

function propertiesOf({ options, children }: MenuNode): Record<string, Variant> {
  const { type, label, enabled, checked } = options;
  if (type === 'separator') return { type: variant('s', 'separator') };
  const toggle = type === 'radio' || type === 'checkbox' ? type : undefined;
  return {
    label: variant('s', shownLabel(label)),
    enabled: variant('b', enabled ?? true),
    visible: variant('b', true),
    ...(children.length > 0 || type === 'submenu' ? { 'children-display': variant('s', 'submenu') } : {}),
    ...(toggle === undefined
      ? {}
      : {
          'toggle-type': variant('s', toggle === 'checkbox' ? 'checkmark' : 'radio'),
          'toggle-state': variant('i', checked === true ? 1 : 0),
        }),
  };
}

const ROOT = { 'children-display': variant('s', 'submenu') };

/** The menu as it is now, on the bus. */
export class MenuService {
  menu: StandInMenu = StandInMenu.buildFromTemplate([]);
  revision = 1;

  /** `clicked`: an entry by its options. */
  readonly object: ExportedObject;

  constructor(clicked: (options: MenuItemConstructorOptions) => void) {
    const click = (id: number): void => {
      const node = this.#find(id);
      if (node !== undefined) clicked(node.options);
    };
    this.object = {
      path: MENU_PATH,
      interface: MENU_INTERFACE,
      properties: () => ({
        Version: variant('u', 3),
        Status: variant('s', 'normal'),
        TextDirection: variant('s', 'ltr'),
        IconThemePath: variant('as', []),
      }),
      methods: {
        GetLayout: ([parent]) => {
          record('menu read', this.revision);
          return ['u(ia{sv}av)', [this.revision, this.#layout(Number(parent))]];
        },
        GetGroupProperties: ([ids]) => ['a(ia{sv})', [this.#group(ids as readonly number[])]],
        GetProperty: ([id, name]) => ['v', [this.#properties(Number(id))[String(name)] ?? variant('s', '')]],
        Event: ([id, event]) => {
          if (event === 'clicked') click(Number(id));
          return ['', []];
        },
        EventGroup: ([events]) => {
          for (const [id, event] of events as readonly [number, string][]) if (event === 'clicked') click(id);
          return ['ai', [[]]];
        },
        AboutToShow: () => ['b', [false]],
        AboutToShowGroup: () => ['aiai', [[], []]],
      },
    };
  }

  #all(nodes: readonly MenuNode[] = this.menu.nodes): readonly MenuNode[] {
    return nodes.flatMap((node) => [node, ...this.#all(node.children)]);
  }

  #find(id: number): MenuNode | undefined {
    return this.#all().find((node) => node.id === id);
  }

  #properties(id: number): Record<string, Variant> {
    const node = this.#find(id);
    return node === undefined ? ROOT : propertiesOf(node);
  }

  #layout(id: number): readonly unknown[] {
    const children = id === 0 ? this.menu.nodes : (this.#find(id)?.children ?? []);
    return [id, this.#properties(id), children.map((child) => variant('(ia{sv}av)', this.#layout(child.id)))];
  }

  #group(ids: readonly number[]): readonly unknown[] {
    const wanted = ids.length === 0 ? [0, ...this.#all().map(({ id }) => id)] : ids;
    return wanted.map((id) => [id, this.#properties(id)]);
  }
}
