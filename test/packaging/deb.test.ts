/** The Debian packages: built twice to the same bytes, without a fault by lintian, with everything in its place. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingSentence } from '../lab/needed-programs.js';
import { buildPackages } from './built-package.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILT = join(ROOT, 'build/deb');
const OPTIONS = { skip: missingSentence(['package']) ?? false, timeout: 400_000 };

const packages = (): string[] => readdirSync(BUILT).filter((name) => name.endsWith('.deb'));
const fileOf = (name: string): string => join(BUILT, packages().find((each) => each.startsWith(`${name}_`)) ?? '');
const sums = (): string[] =>
  packages().map((name) => {
    const digest = createHash('sha256').update(readFileSync(join(BUILT, name)));
    return `${name} ${digest.digest('hex')}`;
  });

/** What somebody else's tools look for, and where, in each package. */
const PLACES = {
  miredo: [
    '/etc/miredo/network.conf',
    '/lib/systemd/system/miredo.service',
    '/lib/systemd/system/miredo-relay.service',
    '/lib/systemd/system/miredo-server.service',
    '/usr/bin/miredoctl',
    '/usr/lib/sysusers.d/miredo.conf',
    '/usr/lib/NetworkManager/conf.d/50-miredo.conf',
    '/usr/lib/NetworkManager/dispatcher.d/90-miredo',
    '/usr/lib/NetworkManager/dispatcher.d/no-wait.d/90-miredo',
    '/usr/lib/sysctl.d/50-miredo.conf',
    '/usr/lib/systemd/network/05-miredo.network',
    '/usr/sbin/miredo',
    '/usr/sbin/miredo-checkconf',
    '/usr/sbin/miredo-server',
    '/usr/share/bash-completion/completions/miredoctl',
    '/usr/share/dbus-1/interfaces/org.miredo.xml',
    '/usr/share/dbus-1/system-services/org.miredo.service',
    '/usr/share/dbus-1/system.d/org.miredo.conf',
    '/usr/share/doc/miredo/NEWS.Debian.gz',
    '/usr/share/doc/miredo/NOTICES.gz',
    '/usr/share/fish/vendor_completions.d/miredoctl.fish',
    '/usr/share/man/man1/miredoctl.1.gz',
    '/usr/share/man/man5/miredo-network.conf.5.gz',
    '/usr/share/man/man5/org.miredo.5.gz',
    '/usr/share/man/man8/miredo.8.gz',
    '/usr/share/polkit-1/actions/org.miredo.policy',
    '/usr/share/zsh/vendor-completions/_miredoctl',
  ],
  'miredo-tray': [
    '/etc/xdg/autostart/miredo-tray.desktop',
    '/usr/bin/miredo-tray',
    '/usr/lib/miredo-tray/app/tray/main.cjs',
    '/usr/share/applications/miredo-tray.desktop',
    '/usr/share/doc/miredo-tray/NOTICES.gz',
    '/usr/share/icons/hicolor/scalable/apps/miredo.svg',
    '/usr/share/icons/hicolor/symbolic/apps/miredo-symbolic.svg',
    '/usr/share/man/man1/miredo-tray.1.gz',
    '/usr/share/metainfo/org.miredo.tray.metainfo.xml',
  ],
};

describe('the Debian package', OPTIONS, () => {
  before(buildPackages);

  test('is free of faults and warnings', () => {
    const changes = readdirSync(BUILT).find((name) => name.endsWith('.changes')) ?? '';
    const words = ['--allow-root', '--fail-on', 'error,warning', join(BUILT, changes)];
    const { status, stdout } = spawnSync('lintian', words, { encoding: 'utf8' });
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  for (const [name, places] of Object.entries(PLACES)) {
    test(`has each thing of ${name} where it is looked for`, () => {
      const list = execFileSync('dpkg-deb', ['--fsys-tarfile', fileOf(name)], { maxBuffer: 1 << 28 });
      const names = execFileSync('tar', ['-t'], { input: list, encoding: 'utf8' }).split('\n');
      assert.deepEqual(
        places.filter((place) => !names.includes(`.${place}`)),
        [],
      );
    });
  }

  test('goes with libraries as old as those of Ubuntu 22.04', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'miredo-deb-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync('dpkg-deb', ['--extract', fileOf('miredo'), folder]);
    for (const file of ['node', 'packet_path.node']) {
      const symbols = execFileSync('objdump', ['-T', join(folder, 'usr/lib/miredo', file)], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      const versions = [...symbols.matchAll(/\b(GLIBC|GLIBCXX)_([0-9.]+)/g)].map(([, library = '', version = '']) => {
        const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
        return { library, rank: (major * 1000 + minor) * 1000 + patch, version };
      });
      assert.ok(versions.length > 0, file);
      // glibc 2.35; libstdc++ of GCC 12.
      const newest: Readonly<Record<string, number>> = { GLIBC: 2_035_000, GLIBCXX: 3_004_030 };
      assert.deepEqual(
        versions.filter(({ library, rank }) => rank > (newest[library] ?? 0)),
        [],
        file,
      );
    }
  });

  test('runs by its own runtime, wherever it is unpacked', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'miredo-deb-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync('dpkg-deb', ['--extract', fileOf('miredo'), folder]);
    const home = join(folder, 'usr/lib/miredo');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    for (const name of ['miredo', 'miredo-server']) {
      const said = execFileSync(join(home, 'node'), [join(home, `${name}.js`), '--version'], { encoding: 'utf8' });
      assert.match(said, new RegExp(version.replaceAll('.', '\\.')));
      assert.equal(readFileSync(join(home, `${name}.js`), 'utf8').split('\n')[0], '#!/usr/lib/miredo/node');
    }
  });

  test('is the same when it is built again', (t) => {
    const first = sums();
    const kept = mkdtempSync(join(tmpdir(), 'miredo-deb-'));
    t.after(() => rmSync(kept, { recursive: true, force: true }));
    cpSync(BUILT, kept, { recursive: true });
    buildPackages();
    assert.deepEqual(sums(), first);
  });
});

test('the addon is the same, compiled in whatever folder', { ...OPTIONS }, (t) => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'miredo-elsewhere-'));
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }));
  const native = 'daemon/io/native';
  cpSync(join(ROOT, native), join(elsewhere, native), {
    recursive: true,
    filter: (file) => file !== join(ROOT, native, 'build'),
  });
  cpSync(join(ROOT, 'packaging/build-addon.mjs'), join(elsewhere, 'packaging/build-addon.mjs'));
  symlinkSync(join(ROOT, 'node_modules'), join(elsewhere, 'node_modules'));
  execFileSync(process.execPath, [join(elsewhere, 'packaging/build-addon.mjs')], { stdio: 'ignore' });
  const [here, there] = [ROOT, elsewhere].map((root) =>
    readFileSync(join(root, native, 'build/Release/packet_path.node')),
  );
  assert.ok(there?.equals(here ?? Buffer.alloc(0)));
  assert.ok(!there.includes(elsewhere), 'it names the folder');
});

describe('the units', { skip: missingSentence(['package']) ?? false }, () => {
  for (const unit of ['miredo.service', 'miredo-relay.service', 'miredo-server.service']) {
    test(`${unit} exposes no more than 2.0 by systemd-analyze`, () => {
      const file = join(ROOT, 'packaging/systemd', unit);
      const words = ['security', '--offline=true', '--no-pager', '--threshold=20', file];
      const { status, stdout } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
      assert.match(stdout, /Overall exposure level/);
      assert.equal(status, 0, stdout.trim().split('\n').at(-1));
    });
  }
});
