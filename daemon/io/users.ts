/** The system's users, as passwd(5) and whatever nsswitch.conf(5) names know them. */
import { loadAddon } from './native-addon.js';

export interface User {
  readonly uid: number;
  /** Its primary group. */
  readonly gid: number;
}

/**
 * Finds a user by name, or by number in decimal. A number that the system does not know is a user all the same, with
 * a group of that number. May wait for a directory service; undefined also when that does not answer.
 */
export function lookupUser(name: string): User | undefined {
  return name.includes('\0') ? undefined : loadAddon().findUser(name);
}
