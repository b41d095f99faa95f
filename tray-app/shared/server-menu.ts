/** The tray's submenu of servers. */
import type { Snapshot } from '../../dbus/snapshot.js';
import type { Translate } from './messages.js';
import type { MenuEntry } from './tray-model.js';
import { isPending, snapshotIn, type View } from './view.js';

/** BOUNDED: a menu that is longer than the screen is of no use; the window has all of them. */
const SERVERS_SHOWN = 20;

export function serverMenu(view: View, translate: Translate): MenuEntry {
  const snapshot = snapshotIn(view);
  const isChanging = isPending(view, 'set-server');
  return {
    kind: 'submenu',
    label: translate(isChanging ? 'tray.server-changing' : 'tray.server'),
    isEnabled: snapshot !== undefined,
    entries: snapshot === undefined ? [] : entriesOf(view, snapshot, !isChanging, translate),
  };
}

function entriesOf(view: View, snapshot: Snapshot, isIdle: boolean, translate: Translate): MenuEntry[] {
  const isAllowed = isIdle && !view.denied.includes('set-server');
  const radio = (label: string, server: string): MenuEntry => ({
    kind: 'radio',
    label,
    isEnabled: isAllowed,
    isChecked: snapshot.serverChoice === server,
    action: { do: 'set-server', server },
  });
  return [
    radio(automaticLabel(snapshot, translate), 'auto'),
    ...namesOf(snapshot).map((name) => radio(labelOf(name, view, translate), name)),
    { kind: 'separator' },
    {
      kind: 'item',
      label: translate(view.probes.isRunning ? 'tray.measuring' : 'tray.measure'),
      isEnabled: !view.probes.isRunning && snapshot.servers.length > 0 && !view.denied.includes('probe'),
      action: { do: 'probe' },
    },
    {
      kind: 'item',
      label: translate('tray.server-other'),
      isEnabled: true,
      action: { do: 'show', section: 'servers' },
    },
  ];
}

/** Who leaves the choice to the daemon wants to know what it has chosen. */
function automaticLabel({ serverChoice, server }: Snapshot, translate: Translate): string {
  if (serverChoice !== 'auto' || server === undefined) return translate('server.auto');
  return translate('tray.server-automatic', { server });
}

/** A server can be chosen that is not in the list. */
function namesOf({ serverChoice, servers }: Snapshot): readonly string[] {
  const names = servers.map(({ name }) => name).slice(0, SERVERS_SHOWN);
  if (serverChoice === undefined || serverChoice === 'auto' || names.includes(serverChoice)) return names;
  return [serverChoice, ...names];
}

function labelOf(name: string, view: View, translate: Translate): string {
  const probe = view.probes.results[name];
  if (probe === undefined) return name;
  if (!probe.isReachable || probe.roundTrip === undefined) return translate('tray.server-silent', { name });
  const count = Math.max(1, Math.round(probe.roundTrip / 1000));
  return translate('tray.server-latency', { name, latency: translate('tray.milliseconds', { count }) });
}
