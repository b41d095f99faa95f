/** What a package could leave on a machine: looked at before it comes and after it has gone. */
import type { Machine } from './machine.js';

/** Where others write all the time, or keep account of what was: packages, the journal, what systemd has seen. */
const OTHERS = [
  '/dev',
  '/proc',
  '/sys',
  '/tmp',
  '/media',
  '/root',
  '/var/cache',
  '/var/log',
  '/var/tmp',
  '/var/lib/apt',
  '/var/lib/dpkg',
  '/var/lib/NetworkManager',
  '/var/lib/systemd/random-seed',
  '/var/lib/systemd/timers',
  '/run/log',
  '/run/NetworkManager',
  '/run/lock',
  '/run/udev',
  '/run/user',
  '/run/utmp',
  '/run/systemd/ask-password',
  '/run/systemd/inaccessible',
  '/run/systemd/inhibit',
  '/run/systemd/journal',
  '/run/systemd/netif',
  '/run/systemd/propagate',
  '/run/systemd/seats',
  '/run/systemd/sessions',
  '/run/systemd/units',
  '/run/systemd/users',
];
/** Former versions that the tools for accounts keep beside a file. */
const BACKUPS = '/etc/(passwd|shadow|group|gshadow|subuid|subgid)-';

const pruned = OTHERS.map((place) => `-path ${place}`).join(' -o ');

/** Each with what the shell is to ask. Their answers are compared word by word. */
const LOOKS = {
  files: `find / -regextype posix-extended \\( ${pruned} \\) -prune -o ! -regex '${BACKUPS}' -printf '%p %y %U:%G %m %l\\n' | sort`,
  configuration: `find /etc -regextype posix-extended -type f ! -regex '${BACKUPS}' -exec sha256sum {} + | sort -k 2`,
  users: 'sort /etc/passwd; sort /etc/group; sort /etc/shadow; sort /etc/gshadow',
  interfaces: 'ip -o link show | sed "s/ qlen.*//"',
  routes: 'ip -6 route show table all | sed "s/ expires.*//"; ip -4 route show table all',
  rules: 'ip -6 rule show; ip -4 rule show; nft list ruleset',
  bus: "busctl --no-pager list --acquired --activatable | awk '/^[^:]/ { print $1 }' | sort -u",
  units: "systemctl --no-legend --plain list-unit-files | awk '{ print $1, $2 }' | sort",
  controlGroups: 'find /sys/fs/cgroup/system.slice -maxdepth 1 -type d | grep -c miredo || true',
  polkit: 'pkaction | sort',
} as const;

export type Traces = Readonly<Record<keyof typeof LOOKS, readonly string[]>>;

export async function traces(machine: Machine): Promise<Traces> {
  const answers = Object.entries(LOOKS).map(async ([name, line]) => [name, (await machine.sh(line)).split('\n')]);
  return Object.fromEntries(await Promise.all(answers)) as Traces;
}

/** Lines that came or went, each with what it belongs to. */
export function differences(before: Traces, after: Traces): string[] {
  return (Object.keys(LOOKS) as (keyof typeof LOOKS)[]).flatMap((name) => {
    const [old, now] = [new Set(before[name]), new Set(after[name])];
    const gone = before[name].filter((line) => !now.has(line)).map((line) => `${name} - ${line}`);
    return [...gone, ...after[name].filter((line) => !old.has(line)).map((line) => `${name} + ${line}`)];
  });
}
