/**
 * Runs a test file in a network namespace of its own, so that it may create interfaces without touching the host's.
 *
 * The file calls {@link enterNamespace} first. Outside, it starts itself again under `unshare` with the same standard
 * streams (the test runner sees the tests as if nothing had happened) and ends with that run's status. The namespace
 * goes away with its last process.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inOwnCgroup } from './own-cgroup.js';
import { isForeignRoot } from './private-etc.js';

/** Holds the name of the namespace that was left; a value inherited by accident does not match. */
const LEFT_NAMESPACE = 'MIREDO_TEST_LEFT_NAMESPACE';

/**
 * Returns false inside the namespace, with loopback up; or the reason to skip when none can be had:
 * `test(name, { skip: enterNamespace(import.meta.url) }, …)`. Outside it does not return. `more`: options of unshare(1)
 * for other namespaces, such as `--mount`; with `--cgroup` its top is a control group of this file's own.
 */
export function enterNamespace(fileUrl: string, more: readonly string[] = []): string | false {
  const current = readlinkSync('/proc/self/ns/net');
  const left = process.env[LEFT_NAMESPACE];
  if (left !== undefined && left !== current) {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    return false;
  }
  const options = unshareOptions(more);
  if (options === undefined) return 'neither root nor unprivileged user namespaces: no network namespace to be had';
  const file = [process.execPath, ...process.execArgv, fileURLToPath(fileUrl)];
  const inside = ['unshare', ...options, ...file];
  const needsGroup = more.includes('--cgroup') && process.getuid?.() === 0 && !isForeignRoot();
  const [program = '', ...words] = needsGroup ? inOwnCgroup(inside) : inside;
  const run = spawnSync(program, words, {
    stdio: 'inherit',
    env: { ...process.env, [LEFT_NAMESPACE]: current },
  });
  process.exit(run.status ?? 1);
}

function unshareOptions(more: readonly string[]): string[] | undefined {
  const choices = [
    ['--net', ...more],
    ['--net', '--map-root-user', ...more],
  ];
  return choices.find((options) => spawnSync('unshare', [...options, 'true'], { stdio: 'ignore' }).status === 0);
}
