/** Descriptors that whoever started us had open: not ours to keep, and least of all to hand on to an engine. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

const O_CLOEXEC = 0o2000000;

/**
 * Closes those above `last`. To be called before any descriptor is opened by others than Node and the addon, which
 * open everything with O_CLOEXEC. Node also sets it on the low numbers that it finds at start (which no child of ours
 * gets therefore): what is without it is inherited.
 */
export function closeInherited(last: number): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd > last && isInherited(fd)) closeSync(fd);
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
  } catch {
    return false; // the descriptor of the listing itself
  }
}
