/** The user without rights, whom a user namespace may not know (user_namespaces(7)). */
import { readFileSync } from 'node:fs';

export const NOBODY = 65534;

/** Whether the ids that exist here reach so far. */
export function hasNobody(): boolean {
  return ['uid_map', 'gid_map'].every((name) =>
    readFileSync(`/proc/self/${name}`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .some(([first = 0, , count = 0]) => first <= NOBODY && NOBODY < first + count),
  );
}
