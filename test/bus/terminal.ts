/** A program of a person's without rights on a terminal of its own, and the person in front of it. */
import assert from 'node:assert/strict';
import { lookupUser } from '../../daemon/io/users.js';
import { Dialogue } from '../support/dialogue.js';
import { inputIsHidden } from './hidden-input.js';
import type { Place } from './people.js';
import { STRANGER } from './private-bus.js';

/** Words of the shell that run a program there as the person: into the session as root, then the user. */
function becoming(place: Place): string {
  const { uid, gid } = lookupUser(STRANGER) ?? assert.fail(`there is no user ${STRANGER}`);
  const session = `/sys/fs/cgroup/user.slice/user-${uid}.slice/session-*.scope/cgroup.procs`;
  const join = place === 'any' ? '' : `echo $$ | tee ${session} && `;
  return `${join}exec setpriv --reuid ${uid} --regid ${gid} --clear-groups`;
}

export class Terminal extends Dialogue {
  /** `command`: a line of the shell. */
  constructor(place: Place, command: string, environment: Readonly<Record<string, string>> = {}) {
    const script = `${becoming(place)} script --quiet --return --command "$0" /dev/null`;
    super(['sh', '-c', script, command], { PATH: process.env['PATH'], TERM: 'xterm', ...environment });
  }

  /** Returns when a question for a password, which is shown already, can be answered. */
  asks(): Promise<void> {
    return inputIsHidden(this.pid);
  }

  async enterPassword(password: string): Promise<void> {
    await this.asks();
    this.type(`${password}\n`);
  }
}
