/** The tray as data: a table of views, and what is shown of each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Snapshot } from '../../../dbus/snapshot.js';
import { type MenuEntry, toggleOf, trayFace } from '../../../tray-app/shared/tray-model.js';
import type { Task, View } from '../../../tray-app/shared/view.js';
import { aView } from '../a-view.js';

const ADDRESS = '2001:0:cb00:7101:0:fd5e:34ff:8ef8';
const QUALIFIED = { state: 'qualified', isEnabled: true, address: ADDRESS, server: 'teredo.example' };
const server = (name: string): Snapshot['servers'] => [
  { name, primary: name, secondary: undefined, comment: undefined, origin: 'user' },
];
const pending = (task: Task): Partial<View> => ({ pending: [{ task, subject: undefined, since: 0 }] });

/** A line an entry; `-` before those that cannot be clicked. */
function text(entries: readonly MenuEntry[], indent = ''): readonly string[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'separator') return [`${indent}---`];
    if (entry.kind === 'line') return [`${indent}-${entry.label}`];
    const mark = 'isChecked' in entry && entry.isChecked ? '*' : '';
    const line = `${indent}${entry.isEnabled ? '' : '-'}${mark}${entry.label}`;
    return entry.kind === 'submenu' ? [line, ...text(entry.entries, `${indent} `)] : [line];
  });
}

const menu = (view: View): readonly string[] => text(trayFace(view).menu);

describe('the icon', () => {
  for (const [view, icon] of [
    [aView(), 'stopped'],
    [aView({ state: 'waiting' }), 'waiting'],
    [aView({ state: 'resolving' }), 'qualifying'],
    [aView({ state: 'qualifying' }), 'qualifying'],
    [aView(QUALIFIED), 'qualified'],
    [aView({ ...QUALIFIED, isIpv6Reachable: true }), 'qualified'],
    [aView({ ...QUALIFIED, isIpv6Reachable: false }), 'limited'],
    [aView({ state: 'failed' }), 'failed'],
    [aView({ state: 'of-a-later-version' }), 'qualifying'],
    [aView({}, { tunnel: { presence: 'connecting' } }), 'absent'],
    [aView({}, { tunnel: { presence: 'no-bus', sentence: '' } }), 'absent'],
    [aView({}, { tunnel: { presence: 'no-daemon', isActivatable: true } }), 'absent'],
  ] as const) {
    test(`${JSON.stringify(view.tunnel).slice(0, 60)}: ${icon}`, () => assert.equal(trayFace(view).icon, icon));
  }
});

describe('the menu', () => {
  test('of a qualified tunnel', () => {
    assert.deepEqual(menu(aView({ ...QUALIFIED, servers: server('teredo.example') })), [
      '-Qualified',
      `Copy ${ADDRESS}`,
      '---',
      'Stop the tunnel',
      'Server',
      ' *Automatic (teredo.example)',
      ' teredo.example',
      ' ---',
      ' Measure the latencies',
      ' Other…',
      '---',
      'Diagnose…',
      'Details…',
      'Start at login',
      '---',
      'Quit (the tunnel stays up)',
    ]);
  });

  for (const [what, view, ...lines] of [
    [
      'a reason',
      aView({ state: 'failed', reason: { code: 'symmetric-nat', sentence: 'The NAT is symmetric.' } }),
      '-Failed: The NAT is symmetric.',
      '-Use another network, or set the router to keep one mapping for all destinations.',
      'Quit (the daemon goes on trying)',
    ],
    [
      'no answer of the IPv6 Internet',
      aView({ ...QUALIFIED, isIpv6Reachable: false }),
      '-The server answers, but the IPv6 Internet does not',
    ],
    ['a start that is pending', aView({}, pending('start')), '-Starting…'],
    ['a stop that is pending', aView(QUALIFIED, pending('stop')), '-Stopping…'],
    [
      'another server that is pending',
      aView(QUALIFIED, pending('set-server')),
      'Server (changing…)',
      ' -*Automatic (teredo.example)',
    ],
    [
      'a start that was refused',
      aView({}, { denied: ['start'] }),
      '-You may only look: an administrator can allow more by a polkit rule',
      'Ask for permission again',
      '-Start the tunnel',
    ],
    [
      'no daemon',
      aView({}, { tunnel: { presence: 'no-daemon', isActivatable: false } }),
      '-The daemon is not running',
      '-Start it as an administrator: systemctl start miredo',
      '-Start the tunnel',
      '-Server',
      'Quit',
    ],
    [
      'a daemon that the bus can start',
      aView({}, { tunnel: { presence: 'no-daemon', isActivatable: true } }),
      'Start the daemon and the tunnel',
    ],
    ['no bus', aView({}, { tunnel: { presence: 'no-bus', sentence: '' } }), '-No system bus', '-Start the tunnel'],
    [
      'a server that is not in the list',
      aView({ ...QUALIFIED, serverChoice: 'a.example', servers: server('b.example') }),
      ' Automatic',
      ' *a.example',
      ' b.example',
    ],
    [
      'a state of a later version',
      aView({ state: 'dreaming' }),
      '-Busy (dreaming)',
      'Quit (the daemon goes on trying)',
    ],
    ['a stopped tunnel', aView(), 'Start the tunnel', 'Quit (the tunnel stays stopped)'],
  ] as const) {
    test(`of ${what}`, () => {
      const shown = menu(view);
      for (const line of lines) assert.ok(shown.includes(line), `${line}\nnot in\n${shown.join('\n')}`);
    });
  }

  test('tells what servers answered', () => {
    const probe = { isReachable: true, roundTrip: 23_400, hasSecondary: true, address: undefined, error: undefined };
    const results = {
      'a.example': { ...probe, name: 'a.example' },
      'b.example': { ...probe, name: 'b.example', isReachable: false },
    };
    const servers = [...server('a.example'), ...server('b.example')];
    const shown = menu(
      aView({ ...QUALIFIED, servers }, { probes: { isRunning: true, results, waiting: [], time: 0 } }),
    );
    for (const line of [' a.example – 23 ms', ' b.example – no answer', ' -Measuring…'])
      assert.ok(shown.includes(line), line);
  });

  test('in German', () => {
    const view = aView(QUALIFIED);
    const german = menu({ ...view, environment: { ...view.environment, locale: 'de' } });
    assert.equal(german[0], '-Qualifiziert');
    assert.equal(german.at(-1), 'Beenden (der Tunnel bleibt)');
  });
});

test('the tooltip has state and address', () => {
  assert.equal(trayFace(aView(QUALIFIED)).tooltip, `Miredo: Qualified\n${ADDRESS}`);
  assert.equal(trayFace(aView()).tooltip, 'Miredo: Stopped');
});

test('what a toggle asks for: what is not wanted now, while nothing is pending', () => {
  for (const [view, action] of [
    [aView(), 'start'],
    [aView({ state: 'failed', isEnabled: true }), 'stop'],
    [aView(QUALIFIED, pending('stop')), undefined],
    [aView({}, { tunnel: { presence: 'no-daemon', isActivatable: true } }), 'start'],
    [aView({}, { tunnel: { presence: 'no-daemon', isActivatable: false } }), undefined],
    [aView({}, { tunnel: { presence: 'no-bus', sentence: '' } }), undefined],
  ] as const) {
    assert.equal(toggleOf(view), action);
  }
});
