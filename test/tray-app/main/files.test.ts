/** Settings, autostart and report: what is written, and what is made of files that others have written. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { autostartPath, hasAutostart, setAutostart } from '../../../tray-app/main/autostart.js';
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
  const path = autostartPath(folder);

  test('a file, with its command quoted', () => {
    assert.ok(setAutostart(path, true, ['/opt/My "App"/miredo', '/a b/100%']).ok);
    const exec = /^Exec=(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1];
    assert.equal(exec, String.raw`"/opt/My \\"App\\"/miredo" "/a b/100%%" --hidden`);
    assert.ok(hasAutostart(path));
  });

  test('that the desktop has turned off is off', () => {
    for (const line of ['Hidden=true', 'X-GNOME-Autostart-enabled=false']) {
      writeFileSync(path, `[Desktop Entry]\n${line}\n`);
      assert.ok(!hasAutostart(path), line);
    }
  });

  test('gone, twice', () => {
    for (let time = 0; time < 2; time += 1) assert.ok(setAutostart(path, false, ['x']).ok);
    assert.ok(!hasAutostart(path));
    mkdirSync(path);
    assert.ok(!setAutostart(path, true, ['x']).ok);
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
