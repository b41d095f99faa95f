/**
 * A control group of a test's own: what `unshare --cgroup` then shows as the top. Sessions that a test makes there meet
 * neither those of the machine nor those of another run.
 */

/** Mounts for itself, since where a machine has the control groups differs, and not where the test will; at the end it ends what was left inside. */
const SCRIPT = `
  mount -t cgroup2 cgroup2 /mnt || exit
  top=/mnt$(sed -n s/^0:://p /proc/self/cgroup)
  own=$top/miredo-test-$$
  mkdir "$own" && echo $$ >"$own/cgroup.procs" || exit
  "$@"
  status=$?
  echo $$ >"$top/cgroup.procs"
  echo 1 >"$own/cgroup.kill"
  while grep -q 'populated 1' "$own/cgroup.events"; do :; done
  find "$own" -depth -type d -exec rmdir {} +
  exit $status
`;

/** The words that run a command in one. Needs the machine's root. */
export const inOwnCgroup = (command: readonly string[]): string[] => [
  ...['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh'],
  ...command,
];
