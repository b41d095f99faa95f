/**
 * The engines of one service, which share its work: each with descriptors of its own, each started again by itself
 * when it ends, while the others go on.
 */
import { availableParallelism } from 'node:os';
import { AUTO_ENGINES, type EngineCount } from '../config/values.js';
import type { Ipv4Address } from '../wire/ipv4.js';
import { EngineProcess } from './engine-process.js';
import type { EngineLaunch } from './engine-spawn.js';
import type { Log } from './log.js';

export interface GroupEvents {
  /** An engine works now, or works no more: the numbers of those that do, ascending. */
  crewChanged(present: readonly number[]): void;
  /** The interface or a socket is unusable: a new engine will not help. */
  broken(sentence: string): void;
}

/** More than there are processors would only take turns. */
export const engineCount = (wanted: EngineCount): number =>
  wanted === 'auto' ? Math.min(availableParallelism(), AUTO_ENGINES) : wanted;

export class EngineGroup {
  /** Resolves when one of them works. */
  readonly ready: Promise<void>;
  readonly #engines: readonly EngineProcess[];
  readonly #present = new Set<number>();
  readonly #crewChanged: GroupEvents['crewChanged'];

  constructor(launches: readonly EngineLaunch[], events: GroupEvents, log: Log) {
    this.#crewChanged = events.crewChanged;
    this.#engines = launches.map((launch, number) => {
      const name = `engine ${number + 1} of ${launches.length}`;
      return new EngineProcess(
        launch,
        {
          stateChanged: () => {},
          gone: () => this.#note(number, false),
          ready: () => this.#note(number, true),
          broken: events.broken,
        },
        launches.length === 1 ? log : (level, sentence) => log(level, `${name}: ${sentence}`),
      );
    });
    this.ready = Promise.race(this.#engines.map((engine) => engine.ready));
  }

  setScope(directedBroadcasts: readonly Ipv4Address[]): void {
    for (const engine of this.#engines) engine.setScope(directedBroadcasts);
  }

  async isHealthy(): Promise<boolean> {
    const healths = await Promise.all(this.#engines.map((engine) => engine.isHealthy()));
    return healths.every(Boolean);
  }

  /** Resolves when all processes are gone, see {@link EngineProcess.close}. */
  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }

  #note(number: number, isPresent: boolean): void {
    if (isPresent) this.#present.add(number);
    else if (!this.#present.delete(number)) return;
    this.#crewChanged([...this.#present].sort((a, b) => a - b));
  }
}
