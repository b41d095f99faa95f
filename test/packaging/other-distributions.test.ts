/**
 * The packages for rpm and for Arch Linux, built by the real rpmbuild and makepkg: twice to the same bytes, installed by
 * rpm and pacman into an empty root, and taken out of it again without a rest.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingSentence, type Purpose } from '../lab/needed-programs.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Distribution {
  readonly name: string;
  readonly purpose: Purpose;
  readonly suffix: string;
  /** Where programs for administrators are. */
  readonly sbin: string;
  readonly install: (root: string, files: readonly string[]) => readonly string[];
  readonly remove: (root: string) => readonly string[];
  /** What is kept when it has been changed. */
  readonly kept: (file: string) => string;
  /** The lines of the shell that are run after a first installation. */
  readonly afterwards: (file: string) => string;
  /** What the tool itself leaves in the root. */
  readonly own: RegExp;
}

const pacmanIn = (root: string): readonly string[] => [
  'pacman',
  ...['--root', root, '--dbpath', join(root, 'db'), '--cachedir', join(root, 'db'), '--gpgdir', join(root, 'db')],
  ...['--logfile', join(root, 'db/log'), '--config', '/dev/null', '--noconfirm', '--noscriptlet'],
];
const rpmIn = (root: string): readonly string[] => [
  'rpm',
  '--root',
  root,
  '--dbpath',
  '/db',
  '--nodeps',
  '--noscripts',
];

const DISTRIBUTIONS: readonly Distribution[] = [
  {
    name: 'rpm',
    purpose: 'rpm',
    suffix: '.rpm',
    sbin: 'usr/sbin',
    install: (root, files) => [...rpmIn(root), '--install', ...files],
    remove: (root) => [...rpmIn(root), '--erase', 'miredo-tray', 'miredo'],
    kept: (file) => execFileSync('rpm', ['-qp', '--configfiles', file], { encoding: 'utf8' }),
    afterwards: (file) =>
      `set -- 1\n${execFileSync('rpm', ['-qp', '--queryformat', '%{POSTIN}', file], { encoding: 'utf8' })}`,
    own: /^db\b/,
  },
  {
    name: 'arch',
    purpose: 'arch',
    suffix: '.pkg.tar.zst',
    sbin: 'usr/bin',
    install: (root, files) => [...pacmanIn(root), '-Udd', ...files],
    remove: (root) => [...pacmanIn(root), '-Rn', 'miredo-tray', 'miredo'],
    kept: (file) => execFileSync('bsdtar', ['-xOf', file, '.PKGINFO'], { encoding: 'utf8' }),
    afterwards: (file) => `${execFileSync('bsdtar', ['-xOf', file, '.INSTALL'], { encoding: 'utf8' })}\npost_install`,
    own: /^(db|etc\/(ld\.so\.cache)?$|var\b)/,
  },
];

/** What a program of another distribution looks for. */
const PLACES = [
  'etc/miredo/hooks.d',
  'etc/xdg/autostart/miredo-tray.desktop',
  'usr/bin/miredoctl',
  'usr/bin/miredo-tray',
  'usr/lib/miredo/packet_path.node',
  'usr/lib/systemd/system/miredo.service',
  'usr/lib/systemd/system/miredo-relay.service',
  'usr/lib/systemd/system/miredo-server.service',
  'usr/lib/sysusers.d/miredo.conf',
  'usr/share/applications/miredo-tray.desktop',
  'usr/share/dbus-1/system-services/org.miredo.service',
  'usr/share/polkit-1/actions/org.miredo.policy',
  'usr/share/zsh/site-functions/_miredoctl',
];

for (const { name, purpose, suffix, sbin, install, remove, kept, afterwards, own } of DISTRIBUTIONS) {
  describe(`the packages for ${name}`, { skip: missingSentence([purpose]) ?? false, timeout: 240_000 }, () => {
    const built = join(ROOT, 'build', name);
    const isRoot = process.getuid?.() === 0;
    let root = '';

    const build = (): void => {
      execFileSync(process.execPath, [join(ROOT, `packaging/${name}/build.mjs`), '--quiet'], { stdio: 'ignore' });
    };
    const packages = (): string[] =>
      readdirSync(built)
        .filter((each) => each.endsWith(suffix))
        .map((each) => join(built, each));
    const sums = (): string[] =>
      packages().map((file) => `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`);
    const run = ([program = '', ...words]: readonly string[]): void => {
      const done = spawnSync(program, words, { encoding: 'utf8' });
      assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
    };
    const remaining = (): string[] =>
      readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((each) => !own.test(each))
        .sort();

    before(() => {
      build();
      root = mkdtempSync(join(tmpdir(), 'miredo-root-'));
      mkdirSync(join(root, 'db'));
    });
    after(() => rmSync(root, { recursive: true, force: true }));

    test('are two, and the same when they are built again', () => {
      const first = sums();
      assert.equal(first.length, 2);
      build();
      assert.deepEqual(sums(), first);
    });

    test('are not begun where a tool is missing, which is told', () => {
      const words = [join(ROOT, `packaging/${name}/build.mjs`)];
      const { status, stderr } = spawnSync(process.execPath, words, {
        encoding: 'utf8',
        env: { PATH: '/nonexistent' },
      });
      assert.equal(status, 1);
      assert.match(stderr, /^Cannot build the packages: .* not installed \(Debian: apt install .*\)\.\n$/);
      assert.equal(packages().length, 2);
    });

    test('keep what the administrator has changed', () => {
      assert.match(packages().map(kept).join(''), /etc\/xdg\/autostart\/miredo-tray\.desktop/);
    });

    test('tell who installs them how to have the tunnel at boot, and the network’s managers what is new', (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'miredo-scriptlet-'));
      t.after(() => rmSync(folder, { recursive: true }));
      // Each stands for one that would change this machine.
      for (const program of ['systemctl', 'systemd-sysusers', 'nmcli', 'networkctl']) {
        writeFileSync(join(folder, program), `#!/bin/sh\necho "+ ${program} $*"\n`, { mode: 0o755 });
      }
      const file = packages().find((each) => !each.includes('miredo-tray')) ?? '';
      const done = spawnSync('/bin/sh', ['-ec', afterwards(file)], { encoding: 'utf8', env: { PATH: folder } });
      assert.equal(done.status, 0, done.stderr);
      assert.match(done.stdout, /^To have the tunnel .*: systemctl enable --now miredo$/m);
      assert.match(done.stdout, /^\+ networkctl reload$/m);
    });

    test('installed they are in their places, root’s, and run', { skip: !isRoot && 'takes root' }, () => {
      run(install(root, packages()));
      const places = [...PLACES, `${sbin}/miredo`, `${sbin}/miredo-server`];
      const files = remaining();
      assert.deepEqual(
        places.filter((place) => !files.includes(place)),
        [],
      );
      for (const file of files) {
        const status = lstatSync(join(root, file));
        const tooMuch = status.isSymbolicLink() ? 0 : status.mode & 0o7022;
        assert.deepEqual([status.uid, status.gid, tooMuch], [0, 0, 0], file);
      }
      const home = join(root, 'usr/lib/miredo');
      const said = execFileSync(join(home, 'node'), [join(home, 'miredo.js'), '--version'], { encoding: 'utf8' });
      assert.match(said, /^miredo 2\./m);
      const addon = ['--sections', '--wide', join(home, 'packet_path.node')];
      const sections = execFileSync('readelf', addon, { encoding: 'utf8' });
      assert.doesNotMatch(sections, / \.(debug_info|symtab) /, 'what is for debugging is stripped');
    });

    test('removed they leave nothing', { skip: !isRoot && 'takes root' }, () => {
      run(remove(root));
      // Folders of everybody's belong to other packages.
      const isOurs = (path: string): boolean => path.includes('miredo') || !lstatSync(join(root, path)).isDirectory();
      assert.deepEqual(remaining().filter(isOurs), []);
    });
  });
}
