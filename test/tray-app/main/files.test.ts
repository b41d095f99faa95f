/** Settings, autostart and report: what is written, and what is made of files that others have written. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { autostartFiles, hasAutostart, setAutostart } from '../../../tray-app/main/autostart.js';
import { languagesOf } from '../../../tray-app/main/desktop.js';
import { asMarkup } from '../../../tray-app/main/notification.js';
import { problemReport } from '../../../tray-app/main/problem-report.js';
import { readSettings, settingsPath, writeSettings } from '../../../tray-app/main/settings-file.js';
import { DEFAULT_SETTINGS } from '../../../tray-app/shared/settings.js';
import { aView } from '../a-view.js';

const folder = mkdtempSync(join(tmpdir(), 'miredo-tray-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('settings', () => {
  const path = settingsPath(folder);

  test('are the defaults where there is no file', () => {
    assert.deepEqual(readSettings(path), { ok: true, value: DEFAULT_SETTINGS });
  });

  test('are read as they were written, by their owner alone', () => {
    const settings = { ...DEFAULT_SETTINGS, language: 'de', panel: 'dark' } as const;
    assert.ok(writeSettings(path, settings).ok);
    assert.deepEqual(readSettings(path), { ok: true, value: settings });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('of another version are taken as far as they go', () => {
    writeFileSync(path, JSON.stringify({ language: 'tlh', theme: 'dark', future: 1, notices: 'none' }));
    assert.deepEqual(readSettings(path), { ok: true, value: { ...DEFAULT_SETTINGS, theme: 'dark' } });
    writeFileSync(path, '[]');
    assert.deepEqual(readSettings(path), { ok: true, value: DEFAULT_SETTINGS });
  });

  test('that are no JSON, or cannot be written, are a fault', () => {
    writeFileSync(path, '{');
    assert.ok(!readSettings(path).ok);
    assert.ok(!writeSettings('/dev/null/miredo/tray.json', DEFAULT_SETTINGS).ok);
  });
});

describe('autostart', () => {
  const files = autostartFiles(folder, '');
  const { own } = files;

  test('is looked for in the places of the specification', () => {
    assert.deepEqual(files.common, ['/etc/xdg/autostart/miredo-tray.desktop']);
    const { common } = autostartFiles(folder, '/a:/b');
    assert.deepEqual(common, ['/a/autostart/miredo-tray.desktop', '/b/autostart/miredo-tray.desktop']);
  });

  test('a file, with its command quoted', () => {
    assert.ok(setAutostart(files, true, ['/opt/My "App"/miredo', '/a b/100%']).ok);
    const exec = /^Exec=(.*)$/m.exec(readFileSync(own, 'utf8'))?.[1];
    assert.equal(exec, String.raw`"/opt/My \\"App\\"/miredo" "/a b/100%%" --hidden`);
    assert.ok(hasAutostart(files));
  });

  test('that the desktop has turned off is off', () => {
    for (const line of ['Hidden=true', 'X-GNOME-Autostart-enabled=false']) {
      writeFileSync(own, `[Desktop Entry]\n${line}\n`);
      assert.ok(!hasAutostart(files), line);
    }
  });

  test('of everybody is turned off and on again by the user, for himself', () => {
    const system = join(folder, 'xdg');
    const [common = ''] = autostartFiles(folder, system).common;
    const both = { own, common: [common] };
    mkdirSync(join(system, 'autostart'), { recursive: true });
    writeFileSync(common, '[Desktop Entry]\nExec=miredo-tray --hidden --tray-only\n');
    rmSync(own, { force: true });
    assert.ok(hasAutostart(both));
    assert.ok(setAutostart(both, false, ['x']).ok);
    assert.ok(!hasAutostart(both));
    assert.match(readFileSync(own, 'utf8'), /^Hidden=true$/m);
    assert.ok(setAutostart(both, true, ['x']).ok);
    assert.ok(hasAutostart(both));
    assert.ok(!existsSync(own));
    writeFileSync(common, '[Desktop Entry]\nHidden=true\n');
    assert.ok(setAutostart(both, true, ['x']).ok);
    assert.ok(hasAutostart(both));
  });

  test('gone, twice', () => {
    for (let time = 0; time < 2; time += 1) assert.ok(setAutostart(files, false, ['x']).ok);
    assert.ok(!hasAutostart(files));
    mkdirSync(own);
    assert.ok(!setAutostart(files, false, ['x']).ok);
  });
});

describe('a report', () => {
  const view = aView({
    state: 'qualified',
    address: '2001:0:cb00:7101:0:fd5e:34ff:8ef8',
    server: 'teredo.example.org',
    serverAddress: '203.0.113.10',
    mapped: { address: '198.51.100.7', port: 40000 },
    statistics: { 'bytes-in': 7 },
  });
  const source = { view, log: [], platform: { node: 'v20' }, now: 0 };

  test('has all that is known', () => {
    const text = problemReport(source, false);
    for (const word of [
      '2001:0:cb00:7101:0:fd5e:34ff:8ef8',
      'teredo.example.org',
      '198.51.100.7 port 40000',
      'bytes-in: 7',
    ]) {
      assert.ok(text.includes(word), word);
    }
  });

  test('has neither addresses nor servers when they are to be hidden', () => {
    const text = problemReport(source, true);
    for (const word of ['2001:0:', 'teredo.example', '203.0.113', '198.51.100']) assert.ok(!text.includes(word), word);
    assert.match(text, /^ {2}mapped: (?!198)\S.* port 40000$/m);
    assert.match(text, /1970-01-01T00:00:00\.000Z/, 'times stay');
  });
});

test('languages by the environment', () => {
  assert.deepEqual(languagesOf({ LANG: 'de_DE.UTF-8', LANGUAGE: 'fr:en' }), ['fr', 'en', 'de_DE.UTF-8']);
  assert.deepEqual(languagesOf({ LC_ALL: 'C.UTF-8', LANGUAGE: 'fr', LANG: 'de' }), ['C.UTF-8']);
  assert.deepEqual(languagesOf({}), ['C']);
});

test('what a server is called is not markup', () => {
  assert.equal(asMarkup('<b>&</b>'), '&lt;b&gt;&amp;&lt;/b&gt;');
});
