/** What the administrator puts into /etc/miredo/hooks.d is run on changes, and what others could have put there is not. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { findHooks, HOOKS_FOLDER, ROOT_FOLDER } from '../../daemon/service/hooks/hook-files.js';
import { hasEnded, waitFor } from '../lab/kernel-view.js';
import { coverEtc, isForeignRoot } from '../support/private-etc.js';
import { enterStage, PRIMARY, type Running, Stage } from './stage.js';

const OPTIONS = { skip: enterPrivateEtc(), timeout: 60_000 };
const CLIENT = `ServerAddress ${PRIMARY}\n`;
const SOON = { timeout: 10_000 };
const NOBODY = 65534;

function enterPrivateEtc(): string | false {
  const reason = enterStage(import.meta.url, ['--mount']);
  if (reason !== false) return reason;
  if (isForeignRoot()) return 'in this user namespace / does not belong to root, so no hook may be run';
  coverEtc();
  for (const place of ['/run', '/var/lib']) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', place]);
  }
  return false;
}

function install(path: string, text: string, mode = 0o755): string {
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const script = (body: string): string => `#!/bin/sh\n${body}\n`;

/** Tells by its output, as lines of the log, what it is told. */
const TELL = script('echo "$1 $MIREDO_EVENT $MIREDO_PREVIOUS_STATE>$MIREDO_STATE"');

const logged = (client: Running, pattern: RegExp): string[] => client.lines.filter((line) => pattern.test(line));
/** What hook `name` has said. */
const said = (client: Running, name: string): string[] =>
  logged(client, new RegExp(`hook ${name}: `)).map((line) => line.slice(line.indexOf(`${name}: `) + name.length + 2));

describe('which files are hooks', OPTIONS, () => {
  const folder = '/etc/hooks-of-test/hooks.d';
  const good = join(folder, '10-good');

  beforeEach(() => {
    rmSync('/etc/hooks-of-test', { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    install(good, TELL);
  });

  test('by name, those of root.d after the others and as root; hidden files are passed over', () => {
    mkdirSync(join(folder, ROOT_FOLDER));
    for (const name of ['20-b', '05-a', '.placeholder', 'root.d/00-r']) install(join(folder, name), TELL);
    assert.deepEqual(findHooks(folder), {
      hooks: [
        { path: join(folder, '05-a'), asRoot: false },
        { path: good, asRoot: false },
        { path: join(folder, '20-b'), asRoot: false },
        { path: join(folder, 'root.d/00-r'), asRoot: true },
      ],
      refused: [],
    });
  });

  test('no folder: nothing, and nothing to say', () => {
    rmSync('/etc/hooks-of-test', { recursive: true });
    assert.deepEqual(findHooks(folder), { hooks: [], refused: [] });
  });

  const files: readonly (readonly [what: string, make: (path: string) => void, remedy: RegExp, name?: string])[] = [
    ['of another user', (path) => chownSync(path, NOBODY, 0), /chown root/],
    ['that its group may write', (path) => chmodSync(path, 0o775), /chmod go-w/],
    ['that all may write', (path) => chmodSync(path, 0o757), /chmod go-w/],
    ['that is not executable', (path) => chmodSync(path, 0o644), /chmod 755/],
    ['with setuid', (path) => chmodSync(path, 0o4755), /chmod ug-s/],
    ['with setgid', (path) => chmodSync(path, 0o2755), /chmod ug-s/],
    [
      'that is a symbolic link',
      (path) => {
        rmSync(path);
        symlinkSync('/bin/true', path);
      },
      /symbolic link is not followed/,
    ],
    [
      'that is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
      /regular file/,
    ],
    [
      'that is a pipe',
      (path) => {
        rmSync(path);
        spawnSync('mkfifo', ['-m', '755', path]);
      },
      /regular file/,
    ],
    ...['50-x~', '50-x.dpkg-old', '50-x.dpkg-dist', '50-x.bak', '50-x.sh', '50 x', '#50-x#', '50-ü'].map(
      (name) => [`called ${name}`, () => {}, /rename it/, name] as const,
    ),
  ];
  for (const [what, make, remedy, name = '50-bad'] of files) {
    for (const place of ['', ROOT_FOLDER]) {
      test(`a file ${what} is refused${place && ' as root too'}, the others are run`, () => {
        mkdirSync(join(folder, place), { recursive: true });
        const path = install(join(folder, place, name), TELL);
        make(path);
        const { hooks, refused } = findHooks(folder);
        assert.deepEqual(hooks, [{ path: good, asRoot: false }]);
        assert.deepEqual(
          refused.map((refusal) => refusal.path),
          [path],
        );
        assert.match(refused[0]?.sentence ?? '', remedy);
      });
    }
  }

  const folders: readonly (readonly [what: string, make: (path: string) => void, remedy: RegExp])[] = [
    ['of another user', (path) => chownSync(path, NOBODY, 0), /chown root/],
    ['that its group may write', (path) => chmodSync(path, 0o775), /chmod go-w/],
    ['that all may write, with the sticky bit', (path) => chmodSync(path, 0o1777), /chmod go-w/],
    [
      'that is a symbolic link',
      (path) => {
        rmSync(`${path}.real`, { recursive: true, force: true });
        renameSync(path, `${path}.real`);
        symlinkSync(`${path}.real`, path);
      },
      /symbolic link is not followed/,
    ],
  ];
  for (const [what, make, remedy] of folders) {
    for (const path of [folder, '/etc/hooks-of-test']) {
      test(`a folder ${what} (${path}): nothing of it is run`, () => {
        make(path);
        const { hooks, refused } = findHooks(folder);
        assert.deepEqual(hooks, []);
        assert.match(refused[0]?.sentence ?? '', remedy);
        assert.equal(refused[0]?.path, path);
      });
    }
    test(`root.d ${what}: nothing of it is run, what is beside it is`, () => {
      mkdirSync(join(folder, ROOT_FOLDER));
      install(join(folder, ROOT_FOLDER, 'x'), TELL);
      make(join(folder, ROOT_FOLDER));
      const { hooks, refused } = findHooks(folder);
      assert.deepEqual(hooks, [{ path: good, asRoot: false }]);
      const sentence = refused.find(({ path }) => path === join(folder, ROOT_FOLDER))?.sentence ?? '';
      assert.match(sentence, remedy);
    });
  }
});

describe('hooks of a client', OPTIONS, () => {
  beforeEach(() => {
    rmSync(HOOKS_FOLDER, { recursive: true, force: true });
    mkdirSync(join(HOOKS_FOLDER, ROOT_FOLDER), { recursive: true, mode: 0o755 });
  });
  const hook = (name: string, body: string): string => install(join(HOOKS_FOLDER, name), script(body));

  test('state, server and address, each with what is documented; as whom, and with nothing of ours', async (t) => {
    const stage = new Stage(t);
    await stage.startServer();
    hook('10-tell', 'echo "$1 $MIREDO_EVENT $MIREDO_STATE $MIREDO_ADDRESS"');
    // Not by a shell, which adds variables of its own.
    hook('20-environment', '[ "$MIREDO_EVENT" != address ] || tr "\\0" "\\n" </proc/$$/environ');
    const look = 'grep -E "^(Uid|Gid|Groups|CapEff|CapBnd):" /proc/self/status; ls /proc/$$/fd; pwd';
    hook('30-who', `[ "$MIREDO_EVENT" != address ] || { ${look}; }`);
    hook('root.d/30-root', `[ "$MIREDO_EVENT" != address ] || { ${look}; echo done; }`);
    process.env['MIREDO_HOOKS'] = '/tmp';
    const client = stage.start('miredo', { config: CLIENT });
    delete process.env['MIREDO_HOOKS'];
    const [, address = ''] = /address ([0-9a-f:]+), mapped/.exec(await client.line(/qualified: /)) ?? [];
    await client.line(/hook 30-root: done/);
    const told = said(client, '10-tell');
    assert.match(told[0] ?? '', /^server server \w+$/);
    assert.deepEqual(told.slice(-2), [`state state qualified ${address}`, `address address qualified ${address}`]);
    const variables = said(client, '20-environment').map((line) => line.split('=')[0]);
    assert.deepEqual(variables.sort(), [
      'MIREDO_ADDRESS',
      'MIREDO_EVENT',
      'MIREDO_INTERFACE',
      'MIREDO_MAPPED',
      'MIREDO_MTU',
      'MIREDO_PREVIOUS_ADDRESS',
      'MIREDO_PREVIOUS_STATE',
      'MIREDO_REASON',
      'MIREDO_SERVER',
      'MIREDO_SERVER_ADDRESS',
      'MIREDO_STATE',
      'PATH',
    ]);
    assert.ok(said(client, '20-environment').includes('MIREDO_INTERFACE=teredo'));
    const who = said(client, '30-who').join('\n');
    assert.match(who, /^Uid: ?\\t(\d+)\\t\1\\t\1\\t\1$/m);
    assert.doesNotMatch(who, /^Uid:\\t0/m);
    assert.match(who, /^Groups:(\\t)?\s*$/m);
    assert.match(who, /^CapEff:\\t0+$/m);
    assert.match(who, /^\/$/m);
    const root = said(client, '30-root').join('\n');
    assert.match(root, /^Uid:\\t0\\t/m);
    const [, capabilities = ''] = /^CapEff:\\t([0-9a-f]+)$/m.exec(root) ?? [];
    const kept = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${client.pid}/status`, 'utf8'))?.[1] ?? '';
    assert.equal(BigInt(`0x${capabilities}`) & ~BigInt(`0x${kept}`), 0n, 'no more than the daemon has');
    assert.equal(BigInt(`0x${capabilities}`) & (1n << 21n), 0n, 'not CAP_SYS_ADMIN');
    for (const text of [who, root]) {
      const descriptors = text.split('\n').filter((line) => /^\d+$/.test(line));
      // 10 is what a shell reads its script from.
      assert.deepEqual(descriptors.filter((line) => line !== '10').sort(), ['0', '1', '2']);
    }
  });

  test('one that hangs holds up no tunnel; then the next hears of the newest state, and it ends with the daemon', async (t) => {
    const stage = new Stage(t);
    const gate = '/etc/gate';
    spawnSync('mkfifo', ['-m', '644', gate]);
    t.after(() => rmSync(gate));
    hook('10-slow', `echo "$MIREDO_EVENT $MIREDO_PREVIOUS_STATE>$MIREDO_STATE"; [ -e /etc/open ] || cat ${gate}`);
    t.after(() => rmSync('/etc/open', { force: true }));
    await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/qualified: /);
    await client.line(/hook 10-slow: /);
    assert.equal(said(client, '10-slow').length, 1);
    writeFileSync(stage.configOf(client), 'ServerAddress 203.0.113.99\n');
    client.signal('SIGHUP');
    await client.line(/failed: |attempt 2/);
    writeFileSync(stage.configOf(client), CLIENT);
    client.signal('SIGHUP');
    await client.line(/qualified: /, 2);
    assert.equal(said(client, '10-slow').length, 1, 'it still hangs');
    writeFileSync('/etc/open', '');
    writeFileSync(gate, '');
    await client.line(/hook 10-slow: address .*>qualified/);
    const states = said(client, '10-slow').filter((line) => line.startsWith('state'));
    assert.equal(new Set(states).size, states.length, states.join('\n'));
    assert.match(states.at(-1) ?? '', />qualified$/);
    assert.ok(states.length <= 2, states.join('\n'));

    rmSync('/etc/open');
    client.signal('SIGHUP');
    hook('10-slow', `echo at $$; exec cat ${gate}`);
    writeFileSync(stage.configOf(client), 'ServerAddress 203.0.113.99\n');
    client.signal('SIGHUP');
    const [, pid = ''] = /: at (\d+)$/.exec(await client.line(/10-slow: at \d+$/)) ?? [];
    assert.equal((await client.stop()).code, 0);
    await waitFor('its end', () => hasEnded(Number(pid)) || undefined, SOON);
  });

  test("the manual's example keeps the address in a file", async (t) => {
    const example = new URL('../../../packaging/man/examples/hook-address', import.meta.url);
    hook('root.d/50-address', readFileSync(example, 'utf8').replace(/^#!.*\n/, ''));
    const file = '/run/teredo-address';
    const stage = new Stage(t);
    await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    const [, address] = /address ([0-9a-f:]+), mapped/.exec(await client.line(/qualified: /)) ?? [];
    await waitFor('the file', () => existsSync(file) || undefined, SOON);
    await waitFor('the address', () => readFileSync(file, 'utf8') === `${address}\n` || undefined, SOON);
    writeFileSync(stage.configOf(client), 'ServerAddress 203.0.113.99\n');
    client.signal('SIGHUP');
    await waitFor('its end', () => !existsSync(file) || undefined, SOON);
    assert.deepEqual(logged(client, /hook/), []);
  });

  test('in managed mode as well, from the time that it is idle', async (t) => {
    const stage = new Stage(t);
    hook('10-tell', 'echo "$1 $MIREDO_PREVIOUS_STATE>$MIREDO_STATE $MIREDO_REASON"');
    const client = stage.start('miredo', { config: CLIENT, words: ['--managed'] });
    await client.line(/10-tell: state >stopped user$/);
  });

  test('what is refused is said once; what is mended is run without a reload', async (t) => {
    const stage = new Stage(t);
    const path = hook('10-tell', 'echo "$MIREDO_EVENT $MIREDO_STATE"');
    hook('20-good', 'echo "$MIREDO_EVENT $MIREDO_STATE"');
    chmodSync(path, 0o777);
    await stage.startServer();
    const client = stage.start('miredo', { config: CLIENT });
    await client.line(/20-good: address qualified/);
    assert.deepEqual(said(client, '10-tell'), []);
    assert.equal(logged(client, /10-tell is not run: it can be changed by others than root; chmod go-w /).length, 1);
    chmodSync(path, 0o755);
    writeFileSync(stage.configOf(client), 'ServerAddress 203.0.113.99\n');
    client.signal('SIGHUP');
    await client.line(/10-tell: /);
    assert.equal(logged(client, /is not run/).length, 1);
  });
});
