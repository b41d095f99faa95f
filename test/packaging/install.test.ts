/**
 * The packages are installed over Debian's C miredo and miredo-server, and purged: in a copy of this machine's root that is
 * held in memory and thrown away (overlayfs in a mount namespace). No systemd runs there, so nothing is started.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { missingSentence } from '../lab/needed-programs.js';
import { isForeignRoot } from '../support/private-etc.js';
import { builtPackage, repacked } from './built-package.js';

/** What begins at boot. */
const WANTED = '/etc/systemd/system/multi-user.target.wants';

function reason(): string | false {
  const missing = missingSentence(['lab', 'package', 'c-miredo']);
  if (missing !== undefined) return missing;
  return process.getuid?.() !== 0 || isForeignRoot() ? 'installing a package takes the real root' : false;
}

/** Runs in the thrown-away root; "begin" makes its layer, which lives as long as the folder is mounted. */
const ENTER = `
  mount -t overlay -o lowerdir=/,upperdir=$1/upper,workdir=$1/work overlay $1/root
  mount --rbind /dev $1/root/dev; mount -t proc proc $1/root/proc; mount -t tmpfs tmpfs $1/root/run
  mkdir $1/root/run/debs; mount --bind $1/debs $1/root/run/debs; ln -s -t $1/root/run debs/miredo_2.deb debs/miredo-tray_2.deb
  shift; exec chroot "$OLDPWD" sh -ec "$*"`;

describe('installing the package', { skip: reason(), timeout: 240_000 }, () => {
  let place = '';

  before(() => {
    place = mkdtempSync(join(tmpdir(), 'miredo-install-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
    mkdirSync(join(place, 'debs'));
    for (const name of ['miredo', 'miredo-tray']) repacked(builtPackage(name), join(place, `debs/${name}_2.deb`));
    begin();
  });

  /** With this machine's root as it is. */
  function begin(): void {
    for (const folder of ['upper', 'work', 'root']) {
      rmSync(join(place, folder), { recursive: true, force: true });
      mkdirSync(join(place, folder));
    }
  }

  after(() => {
    execFileSync('umount', ['--lazy', place]);
    rmSync(place, { recursive: true, force: true });
  });

  /** What the commands print; each call sees what those before have done to the files. */
  function inside(commands: string): string {
    const words = ['--mount', '--pid', '--fork', '--kill-child', '--net', 'sh', '-ec', ENTER, 'sh', place];
    const env = { ...process.env, OLDPWD: join(place, 'root'), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
    const done = spawnSync('unshare', [...words, commands], { encoding: 'utf8', env });
    assert.equal(done.status, 0, `${commands}\n${done.stdout}\n${done.stderr}`);
    return done.stdout.trim();
  }

  test('takes the place of the C programs and keeps their configuration', () => {
    inside(`
      dpkg -s miredo | grep -q '^Version: 1[.]2'
      mkdir -p /etc/miredo
      rm -f /etc/miredo/miredo.conf
      printf 'InterfaceName teredo7\\nServerAddress 192.0.2.1\\n' >/etc/miredo/miredo.conf
      sed -i 's/^START_MIREDO=.*/START_MIREDO=true/' /etc/default/miredo
      echo 'ServerBindAddress 198.51.100.1 # mine' >/etc/miredo-server.conf
      echo START_MIREDO_SERVER=true >>/etc/default/miredo-server`);
    const words = ['apt-get', 'install', '-y', '--no-install-recommends', '/run/miredo_2.deb'].join(' ');
    inside(words);
    assert.match(inside("dpkg -s miredo | grep -E '^(Status|Version)'"), /^Status: install ok installed\nVersion: 2\./);
    assert.doesNotMatch(inside('dpkg -s miredo-server 2>/dev/null | grep ^Status || true'), /install ok installed/);
    assert.match(inside('cat /etc/miredo/miredo.conf'), /teredo7/);
    assert.equal(inside('test -e /etc/init.d/miredo && echo there || true'), '');
    assert.equal(inside('test -e /etc/network/if-up.d/miredo && echo there || true'), '');
    assert.match(inside('getent passwd miredo'), /^miredo:/);
    assert.match(inside('/usr/sbin/miredo --version'), /2\./);
    assert.match(inside('readlink -f /usr/sbin/miredo-server'), /^\/usr\/lib\/miredo\//);
    // NetworkManager passes over a script that others could change, and one that its link does not lead to.
    const script = '/usr/lib/NetworkManager/dispatcher.d/90-miredo';
    assert.equal(
      inside(`readlink -f ${script}; stat -L -c %U:%G:%a ${script}`),
      '/usr/lib/NetworkManager/dispatcher.d/no-wait.d/90-miredo\nroot:root:755',
    );
    assert.equal(inside('stat -c %U:%G:%a /etc/miredo/hooks.d /etc/miredo/servers.d'), 'root:root:755\nroot:root:755');
  });

  test('whose tunnel began at boot has it wanted', () => {
    assert.match(inside('cat /var/lib/miredo/state.ini'), /enabled=true/);
    assert.equal(inside('ls /var/lib/miredo'), 'state.ini');
  });

  test('whose server began at boot has ours begin, with the configuration, which outlasts the old package', () => {
    inside('dpkg --purge miredo-server');
    assert.equal(inside('cat /etc/miredo/miredo-server.conf'), 'ServerBindAddress 198.51.100.1 # mine');
    assert.match(inside(`ls ${WANTED}`), /^miredo-server\.service$/m);
  });

  test('the icon is installed with it, and says where its Electron is to come from', () => {
    inside('apt-get install -y --no-install-recommends /run/miredo-tray_2.deb');
    assert.match(inside('miredo-tray --hidden 2>&1 || echo "exit $?"'), /needs Electron .*\nexit 1$/);
    assert.match(inside('desktop-file-validate /etc/xdg/autostart/miredo-tray.desktop && echo good'), /good/);
    assert.equal(inside('test -e /etc/apparmor.d/miredo-tray && echo there || true'), '');
  });

  test('an AppArmor that restricts user namespaces finds the profile for its sandbox', () => {
    inside(
      'mkdir -p /etc/apparmor.d/abi && touch /etc/apparmor.d/abi/4.0 && dpkg-trigger --by-package=apparmor /etc/apparmor.d/abi/4.0 && dpkg --configure -a',
    );
    assert.match(inside('cat /etc/apparmor.d/miredo-tray'), /^ {2}userns,$/m);
    inside('rm /etc/apparmor.d/abi/4.0; dpkg -i /run/miredo-tray_2.deb');
    assert.equal(inside('test -e /etc/apparmor.d/miredo-tray && echo there || true'), '');
    inside('touch /etc/apparmor.d/abi/4.0; dpkg -i /run/miredo-tray_2.deb; rm /etc/apparmor.d/abi/4.0');
    assert.equal(inside('test -e /etc/apparmor.d/miredo-tray && echo there || true'), 'there');
    // As apparmor_parser names what it has compiled, where the kernel has AppArmor.
    inside('mkdir -p /var/cache/apparmor/1234abcd.0; touch /var/cache/apparmor/1234abcd.0/miredo-tray');
  });

  test('installed again it changes nothing', () => {
    for (const name of ['miredo', 'network']) inside(`echo '# mine' >>/etc/miredo/${name}.conf`);
    inside('dpkg -i /run/miredo_2.deb');
    for (const name of ['miredo', 'network']) assert.match(inside(`cat /etc/miredo/${name}.conf`), /# mine/);
  });

  test('purged it leaves no file, user or group, and no order of addresses', () => {
    const order = inside('sha256sum /etc/gai.conf');
    inside('miredoctl prefer on');
    assert.match(inside('cat /etc/gai.conf'), /miredo prefer/);
    inside('touch /etc/miredo/hooks.d/mine /etc/miredo/servers.d/mine.ini');
    inside('dpkg --purge miredo-tray miredo');
    assert.equal(inside('sha256sum /etc/gai.conf'), order);
    assert.equal(inside('getent passwd miredo || getent group miredo || true'), '');
    const left = inside(
      "find /etc /usr /lib /var -xdev -iname '*miredo*' -not -path '*/node_modules/*' -not -path '/var/cache/[^a]*' -not -path '/var/cache/apt/*' " +
        "-not -path '/var/log/*' -not -path '/usr/share/doc/*' 2>/dev/null || true",
    );
    assert.equal(left, '');
    assert.ok(readdirSync(place).includes('root'));
  });

  test('where they never were, the tree is afterwards what it was before', () => {
    // Where packages have their files; without what dpkg and others remember of all of them.
    const passed = ['/var/cache', '/var/log', '/var/tmp', '/var/lib/dpkg', '/var/lib/apt'];
    const list = `find /etc /usr /var /opt /srv -xdev ${passed.map((path) => `-path ${path} -prune -o`).join(' ')} -print | sort`;
    inside(`${list} >/root/before`);
    inside('dpkg -i /run/miredo_2.deb /run/miredo-tray_2.deb');
    assert.match(
      inside(`${list} >/root/between; diff /root/before /root/between || true`),
      /> \/usr\/bin\/miredo-tray/,
    );
    inside('dpkg --purge miredo-tray miredo');
    assert.equal(inside(`${list} >/root/after; diff /root/before /root/after || true`), '');
  });

  describe('over C programs that', () => {
    beforeEach(begin);

    /** Each with what there is then, a word for each thing. */
    const LOOK = `
      for name in miredo.conf miredo-relay.conf miredo-server.conf; do
        if [ -e /etc/miredo/$name ]; then echo $name; fi
      done
      if [ -e /etc/miredo.conf ]; then echo older; fi
      ls ${WANTED} | grep -E '^miredo-(relay|server)' || true
      if grep -qs enabled=true /var/lib/miredo/state.ini; then echo on; fi`;
    const found = (): string[] => inside(LOOK).split('\n').filter(Boolean);
    const install = (): string => inside('dpkg --no-triggers -i /run/miredo_2.deb');

    test('were a relay: its file and its start at boot become those of a unit of its own', () => {
      inside('printf \'# mine\\n relaytype "Cone"\\n\' >/etc/miredo.conf');
      install();
      assert.deepEqual(found(), ['miredo-relay.conf', 'miredo-relay.service']);
      assert.equal(
        inside('miredo-checkconf -f /etc/miredo/miredo-relay.conf; head -n 1 /etc/miredo/miredo-relay.conf'),
        '# mine',
      );
    });

    test('were as their package has brought them: their server has been off for years, and none is known', () => {
      install();
      assert.deepEqual(found(), ['on']);
    });

    test('were not to begin at boot, by their own file: nor do ours', () => {
      inside(`
        echo 'ServerAddress 192.0.2.1' >/etc/miredo.conf; sed -i 's/^START/#START/' /etc/default/miredo
        echo 'ServerBindAddress 198.51.100.1' >/etc/miredo-server.conf`);
      install();
      assert.deepEqual(found(), ['miredo.conf', 'miredo-server.conf']);
    });

    test('had been removed: they stay so, with what the client was told', () => {
      inside(`
        echo 'ServerAddress 192.0.2.1' >/etc/miredo.conf
        echo 'ServerBindAddress 198.51.100.1' >/etc/miredo-server.conf
        echo START_MIREDO_SERVER=true >>/etc/default/miredo-server
        dpkg --no-triggers --remove miredo miredo-server
        touch --date='2 days ago' /var/lib/dpkg/info/miredo-server.list`);
      install();
      assert.deepEqual(found(), ['miredo.conf']);
    });

    test('stay, as ours stops before it is unpacked: they have all that they had', () => {
      const files =
        'find /etc /var/lib -xdev -path /var/lib/dpkg -prune -o -print | grep miredo | sort; cat /etc/miredo/*.conf';
      inside("echo 'ServerAddress 192.0.2.1' >/etc/miredo.conf");
      const before = inside(files);
      // Its scripts are the real ones, but for the end of the first.
      const stopped = `
        mkdir /run/stopped; dpkg-deb --control /run/miredo_2.deb /run/stopped/DEBIAN; rm /run/stopped/DEBIAN/conffiles
        echo 'ls /var/lib/miredo/takeover; exit 1' >>/run/stopped/DEBIAN/preinst
        dpkg-deb --build --root-owner-group /run/stopped; dpkg --no-triggers -i /run/stopped.deb || true`;
      assert.match(inside(stopped), /^client\nmiredo\.conf$/m);
      assert.equal(inside(files), before);
      assert.match(inside('dpkg -s miredo'), /^Status: install ok installed\n(.*\n)*Version: 1\.2/m);
    });
  });
});
