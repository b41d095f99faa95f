/**
 * Programs that confinement.test.ts starts, with an IPC channel: `confinement-child.js PROGRAM OPTIONS`, OPTIONS being
 * those of confine() as JSON, without `parent`. Each sends what confine() returned, as its first message.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { createHmac, pbkdf2, randomFillSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { type EventEmitter, once } from 'node:events';
import * as fs from 'node:fs';
import { connect, createServer } from 'node:net';
import { constants, networkInterfaces, setPriority } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { limitCapabilities } from '../../daemon/io/capabilities.js';
import { type ConfinementOptions, confine } from '../../daemon/io/confinement.js';
import { openRawIpv6, openTun, openUdp } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { type Endpoint, ipv4, port } from '../../daemon/wire/ipv4.js';
import { bridge } from '../support/bridge.js';

const [program = '', text = '{}'] = process.argv.slice(2);
const options: Omit<ConfinementOptions, 'parent'> = JSON.parse(text);

const tell = (message: unknown): unknown => process.send?.(message);

/** What Node loads at its first use. */
function warmUp(): void {
  createHmac('sha1', 'key').update('bytes').digest();
  randomFillSync(new Uint8Array(16));
}

function confineNow(parent = process.ppid): void {
  warmUp();
  tell(confine({ ...options, parent }));
}

// ---- what must fail ----

/** Each throws, or resolves to an error, or to undefined when it could be done. */
const ATTEMPTS: { readonly [what: string]: () => unknown } = {
  'read a file': () => fs.openSync('/etc/passwd', 'r'),
  'open itself': () => fs.openSync('/proc/self/status', 'r'),
  'open the root directory': () => fs.openSync('/', fs.constants.O_DIRECTORY),
  'list the root directory': () => fs.readdirSync('/'),
  'look at a file': () => fs.statSync('/etc/passwd'),
  'look for a file': () => fs.accessSync('/etc/passwd'),
  'read a link': () => fs.readlinkSync('/proc/self/exe'),
  'write a file': () => fs.writeFileSync('/file', ''),
  'make a directory': () => fs.mkdirSync('/directory'),
  'make a link': () => fs.symlinkSync('/', '/link'),
  'move a file': () => fs.renameSync('/file', '/other'),
  'remove a file': () => fs.unlinkSync('/file'),
  'change a mode': () => fs.chmodSync('/', 0o777),
  'change an owner': () => fs.chownSync('/', 0, 0),
  'change a time': () => fs.utimesSync('/', 0, 0),
  'change directory': () => process.chdir('/'),
  'mount state of the root': () => fs.statfsSync('/'),
  'signal the parent': () => process.kill(process.ppid, 0),
  'signal the group': () => process.kill(0, 0),
  'signal init': () => process.kill(1, 0),
  'become root': () => process.setuid?.(0),
  "join root's group": () => process.setgid?.(0),
  'join groups': () => process.setgroups?.([0]),
  'change priority': () => setPriority(process.ppid, 0),
  'run a program': () => spawnSync('/bin/true').error,
  'run a program and go on': () => failureOf(spawn('/bin/true')),
  'run another Node': () => failureOf(fork(fileURLToPath(import.meta.url))),
  'open a UDP socket': () => udpFailure('udp4'),
  'open a UDP socket for IPv6': () => udpFailure('udp6'),
  'listen for TCP': () => failureOf(createServer().listen(0)),
  'connect by TCP': () => failureOf(connect(1, '127.0.0.1')),
  'listen on a unix socket': () => failureOf(createServer().listen('/socket')),
  'connect to the system bus': () => failureOf(connect('/run/dbus/system_bus_socket')),
  'open a netlink socket': () => networkInterfaces(),
  'open a raw socket': () => coded(openRawIpv6()),
  'open a TUN device': () => coded(openTun('mescape%d')),
  'open a UDP socket natively': () => coded(openUdp({ address: ipv4(0), port: port(0) })),
};

const failureOf = async (emitter: EventEmitter): Promise<unknown> =>
  (await once(emitter, 'error').catch((error: unknown) => [error]))[0];

async function udpFailure(type: 'udp4' | 'udp6'): Promise<unknown> {
  const socket = createSocket(type);
  const failure = failureOf(socket);
  socket.bind(0);
  return failure;
}

const coded = (result: { readonly ok: boolean; readonly errno?: string }): unknown =>
  result.ok ? undefined : { code: result.errno };

function codeOf(error: unknown): string {
  if (error === undefined) return 'done';
  const { code, message, info } = error as {
    code?: string;
    message?: string;
    info?: { code?: string; errno?: number };
  };
  // libuv forgets the sign of the number when it lists interfaces, and Node then has no name for it.
  if (info?.errno === constants.errno.EPERM) return 'EPERM';
  return info?.code ?? code ?? message ?? 'no code';
}

async function attemptAll(): Promise<void> {
  const results: Record<string, string> = {};
  for (const [what, attempt] of Object.entries(ATTEMPTS)) {
    try {
      results[what] = codeOf(await attempt());
    } catch (error) {
      results[what] = codeOf(error);
    }
  }
  tell(results);
}

// ---- what must work ----

/** Garbage collections under which packets must have moved. */
const ENOUGH = 20;

/** Keeps compiler and garbage collector busy; a turn takes a few milliseconds. */
function work(turn: number): number {
  const source = `let sum = ${turn}; for (let i = 0; i < 20000; i++) sum = (sum * 31 + i) | 0; return sum;`;
  const compiled: unknown = new Function(source)();
  const garbage = Array.from({ length: 20_000 }, (_, i) => ({ i, text: `${turn}/${i}` }));
  return Number(compiled) + garbage.length;
}

/** Bridges a TUN device (descriptor 5) and a UDP socket (4) while it works, until a message comes. */
async function load(): Promise<void> {
  let collections = 0;
  new PerformanceObserver((list) => {
    if (collections < ENOUGH && collections + list.getEntries().length >= ENOUGH) tell('enough');
    collections += list.getEntries().length;
  }).observe({ entryTypes: ['gc'] });
  const [peer]: unknown[] = await once(process, 'message');
  const path = openPacketPath({ tun: 5, sockets: [4] });
  bridge(path, peer as Endpoint);
  let turn = 0;
  const timer = setInterval(() => work(turn++), 5);
  // The first use of the pool starts its threads.
  await Promise.all([1, 2, 3, 4].map(() => promisify(pbkdf2)('password', 'salt', 1000, 20, 'sha256')));
  const hmac = createHmac('sha1', 'key').update('bytes').digest('hex');
  const random = randomFillSync(new Uint8Array(100_000)).some((byte) => byte !== 0);
  tell({ hmac, random });
  await once(process, 'message');
  clearInterval(timer);
  path.close();
  process.disconnect();
}

/** Starts a confined process that would live for ever, on the same standard output. */
async function startOrphan(): Promise<void> {
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = fork(fileURLToPath(import.meta.url), ['orphan', text], { stdio: [...stdio] });
  const [result] = await once(child, 'message');
  tell(result);
}

const programs: { readonly [name: string]: () => unknown } = {
  /** Stays until the test has looked at it. */
  attempts: () => {
    process.once('disconnect', () => process.exit());
    confineNow();
    return attemptAll();
  },
  load: () => {
    confineNow();
    return load();
  },
  /** Ends by itself: nothing keeps the loop alive. */
  end: () => {
    confineNow();
    process.disconnect();
  },
  exit: () => {
    confineNow();
    process.exit(7);
  },
  throw: () => {
    confineNow();
    setImmediate(() => {
      throw new Error('thrown when confined');
    });
  },
  'lost-parent': () => {
    confineNow(process.ppid + 1);
    process.disconnect();
  },
  parent: startOrphan,
  /** With the capabilities that capabilities.ts names, and no others. */
  'limited-parent': () => {
    const left = ['CAP_NET_ADMIN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SYS_CHROOT', 'CAP_SETPCAP', 'CAP_KILL'] as const;
    const limited = limitCapabilities(left);
    return limited.ok ? startOrphan() : tell(limited);
  },
  orphan: () => {
    confineNow();
    process.on('disconnect', () => {});
    setInterval(() => {}, 1000);
  },
};

await programs[program]?.();
