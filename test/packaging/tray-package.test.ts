/**
 * What miredo-tray installs: files that the desktop's own tools find good, a launcher that finds an Electron or says what
 * to do, and of Electron's release what belongs there. Programs called electron are stand-ins: there is no other here.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { autostartFiles, HIDDEN_OPTION, hasAutostart, TRAY_ONLY_OPTION } from '../../tray-app/main/autostart.js';
import { missingSentence } from '../lab/needed-programs.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const STAGING = join(ROOT, 'packaging/deb/staging-tray.mjs');
const VERSION = (
  JSON.parse(readFileSync(join(ROOT, 'node_modules/electron/package.json'), 'utf8')) as { readonly version: string }
).version;
const MAJOR = VERSION.split('.')[0] ?? '';

const folder = mkdtempSync(join(tmpdir(), 'miredo-tray-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a call of `code` on the staging prints. */
function staging(code: string, release: string): string {
  const program = `import { missingForTray, stageTray } from ${JSON.stringify(STAGING)}; ${code}`;
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: release };
  return execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', env });
}

function stage(name: string, release: string): string {
  const target = join(folder, name);
  staging(`stageTray(${JSON.stringify(target)})`, release);
  return target;
}

/** Says how it was called; knows --version. */
function standIn(file: string, version: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; else echo "$0" "$@"; fi\n`;
  writeFileSync(file, script, { mode: 0o755 });
}

function release(version: string): string {
  const place = join(folder, `release-${version}`);
  standIn(join(place, 'electron'), version);
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'chrome-sandbox', 'locales/de.pak', 'version']) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), version);
  }
  return place;
}

describe('the package miredo-tray', { skip: missingSentence(['package']) ?? false }, () => {
  let tree = '';
  before(() => {
    tree = stage('bare', '/nonexistent');
  });

  test('has desktop files without a fault', () => {
    const files = ['usr/share/applications/miredo-tray.desktop', 'etc/xdg/autostart/miredo-tray.desktop'];
    const { status, stdout } = spawnSync(
      'desktop-file-validate',
      files.map((file) => join(tree, file)),
      {
        encoding: 'utf8',
      },
    );
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  test('has AppStream metadata without a fault', () => {
    const file = join(tree, 'usr/share/metainfo/org.miredo.tray.metainfo.xml');
    const words = ['validate', '--no-net', '--pedantic', '--strict', file];
    const { status, stdout } = spawnSync('appstreamcli', words, { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /@/);
  });

  test('has each icon that its files name', () => {
    const icons = join(tree, 'usr/share/icons/hicolor');
    for (const size of ['48x48', '128x128', '256x256']) {
      const png = readFileSync(join(icons, size, 'apps/miredo.png'));
      assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, size);
    }
    for (const place of ['scalable/apps/miredo.svg', 'symbolic/apps/miredo-symbolic.svg']) {
      assert.match(readFileSync(join(icons, place), 'utf8'), /^<svg /, place);
    }
  });

  test('starts at login in a way that the app understands', () => {
    const files = autostartFiles('/nonexistent', join(tree, 'etc/xdg'));
    assert.ok(hasAutostart(files));
    const exec = /^Exec=(.*)$/m.exec(readFileSync(files.common[0] ?? '', 'utf8'))?.[1];
    assert.equal(exec, `miredo-tray ${HIDDEN_OPTION} ${TRAY_ONLY_OPTION}`);
  });

  test('has the app as Electron looks for it', () => {
    const app = join(tree, 'usr/lib/miredo-tray/app');
    const { main } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { readonly main: string };
    assert.ok(existsSync(join(app, main)));
    assert.ok(existsSync(join(app, dirname(main), 'icons/dark/qualified@2x.png')));
    assert.ok(existsSync(join(app, dirname(main), '../renderer/index.html')));
  });

  /** What the launcher prints where these programs are in PATH, besides those of the system. */
  function launch(from: string, programs: Readonly<Record<string, string>>, words: readonly string[] = []) {
    const bin = mkdtempSync(join(folder, 'bin-'));
    for (const [name, version] of Object.entries(programs)) standIn(join(bin, name), version);
    // That of the user is there, should somebody be told.
    writeFileSync(join(bin, 'notify-send'), '#!/bin/sh\necho told >>"$0.log"\n', { mode: 0o755 });
    for (const name of ['readlink', 'dirname', 'sh']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    const done = spawnSync(join(from, 'usr/bin/miredo-tray'), words, { encoding: 'utf8', env: { PATH: bin } });
    return { ...done, bin, isTold: existsSync(join(bin, 'notify-send.log')) };
  }

  test('runs in an Electron of its version, where there is one in PATH', () => {
    const app = join(tree, 'usr/lib/miredo-tray/app');
    const found = launch(tree, { electron: `${MAJOR}.0.1` }, ['--hidden']);
    assert.equal(found.stdout, `${found.bin}/electron ${app} --hidden\n`);
    const named = launch(tree, { electron: '1.0.0', [`electron${MAJOR}`]: VERSION });
    assert.equal(named.stdout, `${named.bin}/electron${MAJOR} ${app}\n`);
  });

  test('says what to do where there is none', () => {
    const none = launch(tree, {});
    assert.equal(none.status, 1);
    assert.match(none.stderr, new RegExp(`^miredo-tray: .*needs Electron ${MAJOR}, .*unpack its release.*\\n$`));
    assert.ok(none.isTold, 'who has clicked on an icon sees no standard error');
    const other = launch(tree, { electron: '12.3.4' });
    assert.equal(other.status, 1);
    assert.ok(other.stderr.includes(`(${other.bin}/electron is v12.3.4)`), other.stderr);
    assert.ok(!launch(tree, {}, [HIDDEN_OPTION]).isTold, 'at login nobody has asked');
  });

  test('built with Electron it holds its release without the setuid helper, and runs in it', () => {
    const full = stage('full', release(VERSION));
    const home = join(full, 'usr/lib/miredo-tray');
    assert.equal(statSync(join(home, 'electron/electron')).mode & 0o7777, 0o755);
    assert.ok(existsSync(join(home, 'electron/locales/de.pak')));
    assert.ok(!existsSync(join(home, 'electron/chrome-sandbox')));
    assert.ok(existsSync(join(full, 'usr/share/doc/miredo-tray/LICENSES.chromium.html')));
    assert.equal(launch(full, { electron: VERSION }).stdout, `${home}/electron/electron ${home}/app\n`);
  });

  test('is not built with an Electron of another version', () => {
    const said = staging('console.log(missingForTray())', release('44.0.0'));
    assert.match(said, new RegExp(`holds Electron 44\\.0\\.0, and package\\.json wants ${VERSION}`));
    assert.equal(staging('console.log(missingForTray())', release(VERSION)), 'undefined\n');
  });
});
