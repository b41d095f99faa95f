/**
 * Many callers of one unprivileged user, as a program: `crowd.js UID GID WHAT CALLERS CALLS`. It prints what became of
 * their calls as a line of JSON, and goes when its input ends.
 */
import assert from 'node:assert/strict';
import { type BusConnection, openBus, type Reply } from '../../dbus/connection.js';
import { ALLOW_INTERACTIVE_AUTHORIZATION, NO_REPLY_EXPECTED } from '../../dbus/message.js';
import { INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';

/** Number of answers by what they were: "ok", or the name of the error. */
export type Answers = { readonly [name: string]: number };

/**
 * `mixed`: reading, what polkit denies, and what there is not; every 10th call asks polkit.
 * `pending`: all of them wait for a person. `unanswered`: no reply is wanted. `rules`: match rules instead of calls.
 */
export type What = 'mixed' | 'pending' | 'unanswered' | 'rules';

const OWN = { destination: 'org.miredo', path: OBJECT_PATH, interface: INTERFACE } as const;
const READ = { ...OWN, interface: 'org.freedesktop.DBus.Properties' } as const;
const PATIENCE = 60_000;

const MIXTURE: readonly ((connection: BusConnection) => Promise<Reply>)[] = [
  (bus) => bus.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'State'], timeout: PATIENCE }),
  (bus) => bus.call({ ...READ, member: 'GetAll', signature: 's', values: [INTERFACE], timeout: PATIENCE }),
  (bus) => bus.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'Statistics'], timeout: PATIENCE }),
  (bus) => bus.call({ ...OWN, member: 'Explode', timeout: PATIENCE }),
  (bus) => bus.call({ ...OWN, member: 'Stop', timeout: PATIENCE }),
  (bus) => bus.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'Nothing'], timeout: PATIENCE }),
  (bus) => bus.call({ ...OWN, member: 'Start', signature: 's', values: ['wrong'], timeout: PATIENCE }),
  (bus) => bus.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'Address'], timeout: PATIENCE }),
  (bus) => bus.call({ ...OWN, path: '/org/other', member: 'Stop', timeout: PATIENCE }),
  (bus) => bus.call({ ...READ, member: 'GetAll', signature: 's', values: [INTERFACE], timeout: PATIENCE }),
];

const KINDS: Readonly<Record<What, (connection: BusConnection, number: number) => Promise<Reply>>> = {
  mixed: (bus, number) => MIXTURE[number % MIXTURE.length]?.(bus) ?? assert.fail(),
  pending: (bus) => bus.call({ ...OWN, member: 'Stop', flags: ALLOW_INTERACTIVE_AUTHORIZATION, timeout: PATIENCE }),
  unanswered: async (bus) => {
    void bus.call({ ...OWN, member: 'Stop', flags: NO_REPLY_EXPECTED });
    // What the daemon answers to this, it answers after that.
    return bus.call({ ...READ, member: 'Get', signature: 'ss', values: [INTERFACE, 'State'] });
  },
  rules: (bus, number) => bus.callBus('AddMatch', 's', [`type='signal',sender='org.miredo',arg0='${number}'`]),
};

async function main([uid = '', gid = '', what = '', callers = '', calls = '']: readonly string[]): Promise<void> {
  process.setgroups?.([]);
  process.setgid?.(Number(gid));
  process.setuid?.(Number(uid));
  const opened = await Promise.all(Array.from({ length: Number(callers) }, () => openBus({})));
  const connections = opened.map((one) => (one.ok ? one.connection : assert.fail(one.sentence)));
  const kind = KINDS[what as What];
  const answers: { [name: string]: number } = {};
  const count = (reply: Reply): void => {
    const name = reply.ok ? 'ok' : reply.name;
    answers[name] = (answers[name] ?? 0) + 1;
  };
  const all = connections.map(async (connection) => {
    if (what !== 'mixed') {
      const replies = Array.from({ length: Number(calls) }, (_, number) => kind(connection, number));
      if (what === 'pending') for (const reply of replies) void reply.then(count);
      else for (const reply of await Promise.all(replies)) count(reply);
      return;
    }
    // A few at a time, so that there is always one under way.
    for (let number = 0; number < Number(calls); number += 5) {
      const few = [0, 1, 2, 3, 4].map((more) => kind(connection, number + more));
      for (const reply of await Promise.all(few)) count(reply);
    }
  });
  await Promise.all(all);
  // The daemon has then seen what was sent before, and answered what it answers at once.
  if (what === 'pending') {
    for (let round = 0; round < 2; round += 1) await Promise.all(connections.map((bus) => MIXTURE[0]?.(bus)));
  }
  process.stdout.write(`${JSON.stringify(answers)}\n`);
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

await main(process.argv.slice(2));
