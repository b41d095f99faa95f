/** The tray as data: what the icon shows, its tooltip and its menu, made of the view alone. */
import { isBusy, type Snapshot } from '../../dbus/snapshot.js';
import type { Section } from './ipc.js';
import { type Translate, translator } from './messages.js';
import { serverMenu } from './server-menu.js';
import { remedyFor, statusSentence } from './status-text.js';
import { isPending, snapshotIn, type Tunnel, type View } from './view.js';

/** Each has a shape of its own (icons/NAME.svg); `qualifying` is animated. */
export type IconName = 'stopped' | 'waiting' | 'qualifying' | 'qualified' | 'limited' | 'failed' | 'absent';

/** What a click on an entry does. */
export type TrayAction =
  | { readonly do: 'start' | 'stop' | 'probe' | 'ask-again' | 'quit' }
  | { readonly do: 'set-server'; readonly server: string }
  | { readonly do: 'copy'; readonly text: string }
  | { readonly do: 'show'; readonly section: Section }
  | { readonly do: 'start-at-login'; readonly isWanted: boolean };

interface Entry {
  readonly label: string;
  readonly isEnabled: boolean;
}

export type MenuEntry =
  | { readonly kind: 'separator' }
  /** Says something, and cannot be clicked. */
  | { readonly kind: 'line'; readonly label: string }
  | (Entry & { readonly kind: 'item'; readonly action: TrayAction })
  | (Entry & { readonly kind: 'radio' | 'checkbox'; readonly isChecked: boolean; readonly action: TrayAction })
  | (Entry & { readonly kind: 'submenu'; readonly entries: readonly MenuEntry[] });

export interface TrayFace {
  readonly icon: IconName;
  readonly tooltip: string;
  readonly menu: readonly MenuEntry[];
}

export function trayFace(view: View): TrayFace {
  const translate = translator(view.environment.locale);
  return { icon: iconOf(view.tunnel), tooltip: tooltipOf(view), menu: menuOf(view, translate) };
}

const ICONS: Readonly<Record<string, IconName>> = { stopped: 'stopped', waiting: 'waiting', failed: 'failed' };

export function iconOf(tunnel: Tunnel): IconName {
  if (tunnel.presence !== 'present') return 'absent';
  const { state, isIpv6Reachable } = tunnel.snapshot;
  if (state === 'qualified') return isIpv6Reachable === false ? 'limited' : 'qualified';
  // Words that we do not know mean that something is going on.
  return ICONS[state] ?? 'qualifying';
}

function tooltipOf(view: View): string {
  const lines = [`Miredo: ${statusSentence(view.tunnel, view.environment.locale)}`, snapshotIn(view)?.address];
  return lines.filter((line) => line !== undefined).join('\n');
}

const SEPARATOR: MenuEntry = { kind: 'separator' };
const line = (label: string): MenuEntry => ({ kind: 'line', label });

function menuOf(view: View, translate: Translate): MenuEntry[] {
  return [
    ...statusEntries(view, translate),
    SEPARATOR,
    ...permissionEntries(view, translate),
    toggleEntry(view, translate),
    serverMenu(view, translate),
    SEPARATOR,
    {
      kind: 'item',
      label: translate('tray.diagnose'),
      isEnabled: view.tunnel.presence === 'present',
      action: { do: 'show', section: 'diagnosis' },
    },
    { kind: 'item', label: translate('tray.details'), isEnabled: true, action: { do: 'show', section: 'overview' } },
    {
      kind: 'checkbox',
      label: translate('tray.start-at-login'),
      isEnabled: true,
      isChecked: view.settings.startAtLogin,
      action: { do: 'start-at-login', isWanted: !view.settings.startAtLogin },
    },
    SEPARATOR,
    { kind: 'item', label: quitLabel(snapshotIn(view), translate), isEnabled: true, action: { do: 'quit' } },
  ];
}

function statusEntries(view: View, translate: Translate): MenuEntry[] {
  const { tunnel } = view;
  const entries = [line(statusSentence(tunnel, view.environment.locale))];
  const isStartable = tunnel.presence === 'no-daemon' && tunnel.isActivatable;
  const remedy = isStartable ? undefined : remedyFor(tunnel, view.environment.locale);
  if (remedy !== undefined) entries.push(line(remedy));
  const address = snapshotIn(view)?.address;
  if (address !== undefined) {
    const label = translate('tray.copy-address', { address });
    entries.push({ kind: 'item', label, isEnabled: true, action: { do: 'copy', text: address } });
  }
  return entries;
}

/** Whoever may only look is told so, and what would help, instead of having a menu that does nothing. */
function permissionEntries(view: View, translate: Translate): MenuEntry[] {
  if (view.denied.length === 0) return [];
  return [
    line(translate('tray.not-allowed')),
    { kind: 'item', label: translate('tray.ask-again'), isEnabled: true, action: { do: 'ask-again' } },
  ];
}

function toggleEntry(view: View, translate: Translate): MenuEntry {
  const item = (label: string, isEnabled: boolean, action: 'start' | 'stop'): MenuEntry => ({
    kind: 'item',
    label,
    isEnabled,
    action: { do: action },
  });
  if (isPending(view, 'start')) return item(translate('tray.starting'), false, 'start');
  if (isPending(view, 'stop')) return item(translate('tray.stopping'), false, 'stop');
  const { tunnel } = view;
  if (tunnel.presence === 'no-daemon' && tunnel.isActivatable) {
    return item(translate('tray.start-daemon'), !view.denied.includes('start'), 'start');
  }
  const action = toggleOf(view) ?? 'start';
  const isAllowed = tunnel.presence === 'present' && !view.denied.includes(action);
  return item(translate(`tray.${action}`), isAllowed, action);
}

/** What a click on the icon's toggle asks for; undefined while there is nobody to be asked, or the last is pending. */
export function toggleOf(view: View): 'start' | 'stop' | undefined {
  if (isPending(view, 'start', 'stop')) return undefined;
  const { tunnel } = view;
  if (tunnel.presence === 'no-daemon') return tunnel.isActivatable ? 'start' : undefined;
  if (tunnel.presence !== 'present') return undefined;
  return tunnel.snapshot.isEnabled ? 'stop' : 'start';
}

/** The app is only a view: the daemon and its tunnel outlast it. */
function quitLabel(snapshot: Snapshot | undefined, translate: Translate): string {
  if (snapshot === undefined) return translate('tray.quit');
  if (snapshot.state === 'qualified') return translate('tray.quit-stays-up');
  return snapshot.state === 'failed' || isBusy(snapshot.state)
    ? translate('tray.quit-goes-on')
    : translate('tray.quit-stays-stopped');
}
