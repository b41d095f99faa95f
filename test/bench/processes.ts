/** What processes use: processor time and memory, from /proc. */
import { readFileSync } from 'node:fs';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended
  }
}

/** A process and everything it started. */
export function familyOf(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Processor seconds in user mode and in the kernel so far (proc(5): fields 14 and 15). */
export function processorSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((a, b) => a + b, 0) / TICKS;
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

const MEGA = 1e6;
const KILO = 1024;

/** Resident memory in MB; what processes share counts in each. */
export const residentMegabytes = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + kilobytes(read(`/proc/${pid}/status`), 'VmRSS'), 0) * (KILO / MEGA);

/** Proportional set size in MB: what processes share is divided among them. */
export const proportionalMegabytes = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + kilobytes(read(`/proc/${pid}/smaps_rollup`), 'Pss'), 0) * (KILO / MEGA);
