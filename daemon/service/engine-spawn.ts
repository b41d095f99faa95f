/** Starts the process of an engine: with its descriptors, and with nothing else of ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Configure, Confinement, Role } from '../tunnel/messages.js';
import type { Ipv4Address } from '../wire/ipv4.js';

/** Beside the bundled program, or beside this folder. */
const ENGINE = ['./miredo-engine.js', '../engine-main.js']
  .map((place) => fileURLToPath(new URL(place, import.meta.url)))
  .find((file) => existsSync(file));
/** Places of the child's descriptors: see stdio below. */
const CHANNEL = 3;
const FIRST_DESCRIPTOR = 4;

export interface EngineLaunch {
  readonly role: Role;
  readonly confinement: Confinement;
  /** TUN device, or the raw socket of a server; of this process. Undefined for a probe. */
  readonly device: number | undefined;
  readonly sockets: readonly number[];
  readonly directedBroadcasts: readonly Ipv4Address[];
  /** Script and arguments to run instead of the engine, to test how it would fare with another. */
  readonly program?: readonly string[];
  /** Milliseconds, instead of HEARTBEAT. */
  readonly heartbeat?: number;
}

/** Without `channel` the child never came to be, and its event "error" tells why: no descriptors to spare, say. */
export interface Spawned {
  readonly ok: true;
  readonly child: ChildProcess;
  readonly channel: Duplex | undefined;
}

export interface SpawnFailure {
  readonly ok: false;
  readonly sentence: string;
}

export function spawnEngine(launch: EngineLaunch): Spawned | SpawnFailure {
  const { device, sockets, program = [ENGINE ?? ''] } = launch;
  try {
    const child: ChildProcess = spawn(process.execPath, program, {
      cwd: '/',
      // Nothing of ours is its business. A ring of io_uring would pass the filter of system calls by; an arena of
      // malloc for each thread of V8 costs 1 MB more, since none gives back what compiling took.
      env: { UV_USE_IO_URING: '0', MALLOC_ARENA_MAX: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', device ?? 'ignore', ...sockets],
    });
    return { ok: true, child, channel: (child.stdio?.[CHANNEL] as Duplex | null | undefined) ?? undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, sentence: `The engine cannot be started: ${reason}.` };
  }
}

/** What such a process is told first. */
export const configurationOf = ({ role, confinement, sockets, directedBroadcasts }: EngineLaunch): Configure => ({
  type: 'configure',
  role,
  confinement,
  device: FIRST_DESCRIPTOR,
  sockets: sockets.map((_, index) => FIRST_DESCRIPTOR + 1 + index),
  directedBroadcasts,
});
