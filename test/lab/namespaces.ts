/**
 * Named network namespaces: entering them, and taking them away with every process inside.
 */
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { runNow } from './command.js';

/** Where `ip netns` keeps its names. */
export const NAMESPACE_DIRECTORY = '/run/netns';

/** The command line that runs `argv` inside a namespace. It keeps the process id, so signals reach the program. */
export const inNamespace = (namespace: string, argv: readonly string[]): string[] => [
  'nsenter',
  `--net=${NAMESPACE_DIRECTORY}/${namespace}`,
  '--',
  ...argv,
];

/** Inode of a namespace's file: what `/proc/PID/ns/net` of its processes shows. */
function inodeOf(namespace: string): number | undefined {
  try {
    return statSync(`${NAMESPACE_DIRECTORY}/${namespace}`).ino;
  } catch {
    return undefined;
  }
}

function networkOf(pid: string): number | undefined {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1]);
  } catch {
    return undefined; // it ended, or it is not ours to look at
  }
}

/** Process ids that run inside any of the namespaces. */
export function processesIn(namespaces: readonly string[]): number[] {
  const inodes = new Set(namespaces.map(inodeOf));
  inodes.delete(undefined);
  if (inodes.size === 0) return [];
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => inodes.has(networkOf(pid))).map(Number);
}

/** Kills what runs in the namespaces, children born meanwhile included. */
export function killEverythingIn(namespaces: readonly string[]): void {
  for (let round = 0; round < 10; round += 1) {
    const pids = processesIn(namespaces);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it ended by itself
      }
    }
  }
}

/** Deletes the names; the kernel removes interfaces and rules with them. A name that is gone already is no fault. */
export function deleteNamespaces(namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  runNow(['ip', '-force', '-batch', '-'], namespaces.map((name) => `netns delete ${name}\n`).join(''));
}
