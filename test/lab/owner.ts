/**
 * Who owns a lab, told from its name alone, so that what a dead owner left behind can be collected.
 *
 * A process id may be used again; together with the start time it names one process of this boot for good. Both are
 * part of every namespace's name (`teredo-PID-START-N-ACTOR`) and of the lab's directory, so no registry can get out
 * of step with the kernel.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deleteNamespaces, killEverythingIn, NAMESPACE_DIRECTORY } from './namespaces.js';

/** Where labs keep configuration and log files: gone after a reboot, as the namespaces are. */
export const LAB_DIRECTORY = '/run/teredo-lab';

const NAME = /^teredo-(\d+)-(\d+)-\d+(?:-[a-z0-9]+)?$/;

/** Start time of a process in clock ticks since boot; undefined when there is no such process. */
function startTime(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command's name in parentheses and may hold blanks: count from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

let labsOfThisProcess = 0;

/** A name that no other lab on this machine has or had since boot. */
export function newLabName(): string {
  labsOfThisProcess += 1;
  return `teredo-${process.pid}-${startTime('self') ?? '0'}-${labsOfThisProcess}`;
}

/** True when `name` belongs to a lab whose owner does not run any more. */
export function isAbandoned(name: string): boolean {
  const match = NAME.exec(name);
  if (match === null) return false;
  return startTime(Number(match[1])) !== match[2];
}

function abandonedIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter(isAbandoned);
  } catch {
    return []; // no lab has ever been made here
  }
}

/** Removes namespaces, processes and files of labs whose owner died without cleaning up; returns the namespaces. */
export function collectAbandonedLabs(): string[] {
  const namespaces = abandonedIn(NAMESPACE_DIRECTORY);
  killEverythingIn(namespaces);
  deleteNamespaces(namespaces);
  for (const name of abandonedIn(LAB_DIRECTORY)) rmSync(join(LAB_DIRECTORY, name), { recursive: true, force: true });
  return namespaces;
}
