/**
 * The engine: started by the supervisor with its descriptors, shuts itself in, and then moves packets.
 *
 * Everything it will ever need is loaded and warmed up first: behind the empty root no file can be opened, and the
 * system calls for it are gone.
 */
import { Socket } from 'node:net';
import { type ConfinementStep, confine } from './io/confinement.js';
import { openPacketPath, type PathDescriptors } from './io/kernel-path.js';
import { releaseStartUpPages } from './io/start-up-pages.js';
import { now, systemEnvironment } from './service/environment.js';
import { createEngine, type Engine } from './tunnel/engine.js';
import { writeFromEngine } from './tunnel/engine-messages.js';
import { MessageLines } from './tunnel/message-lines.js';
import type { Configure, Confinement, FromEngine, ToEngine } from './tunnel/messages.js';
import type { FromProbe } from './tunnel/probe-messages.js';
import { readToEngine } from './tunnel/supervisor-messages.js';

const CHANNEL = 3;
const EXIT_SUPERVISOR_GONE = 0;
const EXIT_MISUSED = 2;
const EXIT_NOT_CONFINED = 3;

const environment = systemEnvironment();
// The first HMAC makes OpenSSL look for its files.
environment.hmac('sha1', new Uint8Array(1), [new Uint8Array(1)]);
environment.hmac('md5', new Uint8Array(1), [new Uint8Array(1)]);

// A terminal's Ctrl-C and systemd's stop reach every process of the service: when this one ends is the supervisor's to
// say. Without handlers it would go first, and look like one that crashed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let engine: Engine | undefined;

const lines = new MessageLines(new Socket({ fd: CHANNEL, readable: true, writable: true }), {
  message: (value) => {
    const message = readToEngine(value);
    if (message === undefined) process.exit(EXIT_MISUSED);
    heed(message);
  },
  violation: () => process.exit(EXIT_MISUSED),
  // Without a supervisor nobody takes address and routes away: the packets must end too.
  closed: () => process.exit(EXIT_SUPERVISOR_GONE),
});

const send = (message: FromEngine | FromProbe): void => lines.send(writeFromEngine(message));

function heed(message: ToEngine): void {
  if (message.type === 'configure') configure(message);
  else if (engine === undefined) process.exit(EXIT_MISUSED);
  else engine.heed(message);
}

function configure(message: Configure): void {
  if (engine !== undefined) process.exit(EXIT_MISUSED);
  const lacking = shutIn(message.confinement);
  const path = openPacketPath(descriptorsOf(message));
  engine = createEngine(message, { path, environment, clock: now, send });
  send({ type: 'ready', lacking });
  releaseStartUpPages();
}

function descriptorsOf({ role, device, sockets }: Configure): PathDescriptors {
  if (role.name === 'probe') return { sockets };
  return role.name === 'server' ? { raw: device, sockets } : { tun: device, sockets };
}

/** Steps that need privilege of their own: who has none, or keeps its user, may have to do without. */
const PRIVILEGED_STEPS: readonly ConfinementStep[] = ['chroot', 'bounding-set', 'groups', 'group', 'user'];

/** Returns what could not be done but may be lacking; ends the process when it may not. */
function shutIn(confinement: Confinement): readonly string[] {
  const wasOrdinary = process.geteuid?.() !== 0;
  const mayLack = confinement.keepUser || wasOrdinary ? PRIVILEGED_STEPS : [];
  const result = confine(confinement);
  const undone = result.ok ? [] : result.undone;
  const fatal = undone.find(({ step }) => !mayLack.includes(step));
  if (fatal !== undefined) {
    process.stderr.write(`${fatal.sentence}\n`);
    process.exit(EXIT_NOT_CONFINED);
  }
  // Who never had privilege lacks nothing that the filter does not forbid as well.
  const isOrdinary = wasOrdinary && result.seccomp === 'installed';
  const filter = result.seccomp === 'unsupported' ? ['no filter of system calls is known for this processor'] : [];
  return [...(isOrdinary ? [] : undone.map(({ sentence }) => sentence)), ...filter];
}
