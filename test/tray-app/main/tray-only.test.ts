/** Started at login for everybody, the app stays where there is a tray, or where somebody has asked for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, mock, test } from 'node:test';
import { App } from '../../../tray-app/main/app.js';
import { autostartFiles } from '../../../tray-app/main/autostart.js';

const configHome = mkdtempSync(join(tmpdir(), 'miredo-tray-only-'));
after(() => rmSync(configHome, { recursive: true, force: true }));

/** What the desktop was asked for, after half a minute without a tray. */
function lifeOf(isTrayOnly: boolean, live: (app: App) => void): readonly string[] {
  const asked: string[] = [];
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const app = new App(
      {
        configHome,
        autostart: autostartFiles(configHome, configHome),
        command: [],
        iconPath: '',
        languages: [],
        appVersion: '0',
        platform: {},
        isHidden: true,
        isTrayOnly,
        now: () => 0,
      },
      {
        copyText: () => undefined,
        saveText: async () => ({ ok: true, value: 'cancelled' }),
        applyTheme: () => 'light',
        showWindow: (_section, isMinimised) => asked.push(isMinimised === true ? 'minimised' : 'window'),
        quit: () => asked.push('quit'),
      },
      () => undefined,
      () => undefined,
    );
    live(app);
    mock.timers.tick(30_000);
  } finally {
    mock.timers.reset();
  }
  return asked;
}

describe('where there is no tray, an app that was started', () => {
  const CASES: readonly [name: string, isTrayOnly: boolean, live: (app: App) => void, asked: readonly string[]][] = [
    ['for everybody ends', true, (app) => app.takeTray(false), ['quit']],
    ['by its user shows its window', false, (app) => app.takeTray(false), ['minimised']],
    [
      'for everybody and then by hand goes on',
      true,
      (app) => {
        app.takeTray(false);
        app.show('overview');
      },
      ['window', 'minimised'],
    ],
    [
      'for everybody and lost its panel later shows its window',
      true,
      (app) => {
        app.takeTray(true);
        app.takeTray(false);
      },
      ['minimised'],
    ],
  ];
  for (const [name, isTrayOnly, live, asked] of CASES) {
    test(name, () => assert.deepEqual(lifeOf(isTrayOnly, live), asked));
  }
});
