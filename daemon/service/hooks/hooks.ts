/**
 * Runs what the administrator has put into the folder of hooks, on each change of a client's tunnel: one hook at a time,
 * and never in the way of the tunnel.
 *
 * Hooks follow the tunnel as it is, not its history. While one runs, changes are not queued: when it has ended, the next
 * are told what is different then from what they were told last. So a slow hook misses states in between, and never
 * hears of an old one after a newer one.
 */
import type { TunnelState } from '../../protocol/tunnel-state.js';
import type { Confinement } from '../../tunnel/messages.js';
import type { TunnelControl } from '../bus/tunnel-control.js';
import type { Follower } from '../client-desk.js';
import { eventsBetween, type HookEvent, type HookFacts, hookEnvironment, hookFacts, NO_FACTS } from './hook-event.js';
import { findHooks, type Hook, type Refusal } from './hook-files.js';
import { type HookRun, runHook } from './hook-run.js';

export class Hooks implements Follower {
  readonly #control: TunnelControl;
  readonly #user: Confinement;
  #facts: HookFacts;
  /** What the hooks were told last. */
  #told = NO_FACTS;
  #isBusy = false;
  #isClosed = false;
  #run: HookRun | undefined;
  /** Refusals that the log has been told of. BOUNDED: by what is in the folder now. */
  #said: ReadonlySet<string> = new Set();

  /** `user`: as whom hooks run that need no privilege. */
  constructor(control: TunnelControl, user: Confinement) {
    this.#control = control;
    this.#user = user;
    this.#facts = hookFacts(control.state, control.facts);
    void this.#tell();
  }

  stateChanged(state: TunnelState): void {
    this.#facts = hookFacts(state, this.#control.facts);
    void this.#tell();
  }

  /** What runs is ended. */
  close(): void {
    this.#isClosed = true;
    this.#run?.kill();
  }

  async #tell(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (;;) {
      const before = this.#told;
      const after = this.#facts;
      const events = eventsBetween(before, after);
      if (events.length === 0 || this.#isClosed) break;
      this.#told = after;
      for (const event of events) await this.#runAll(event, before, after);
    }
    this.#isBusy = false;
  }

  async #runAll(event: HookEvent, before: HookFacts, after: HookFacts): Promise<void> {
    const environment = hookEnvironment(event, before, after);
    const { uid, gid } = this.#user;
    for (const hook of this.#find()) {
      if (this.#isClosed) return;
      this.#run = runHook({ hook, event, environment, uid, gid }, this.#control.log);
      await this.#run.ended;
      this.#run = undefined;
    }
  }

  /** Read each time: a change of the folder needs no reload. */
  #find(): readonly Hook[] {
    try {
      const { hooks, refused } = findHooks();
      this.#sayOnce(refused);
      return hooks;
    } catch (error) {
      // Taken away between two looks, say; the next event finds it as it is then.
      const reason = error instanceof Error ? error.message : String(error);
      this.#control.log('warning', `the folder of hooks cannot be read: ${reason}`, { EVENT: 'hook-refused' });
      return [];
    }
  }

  #sayOnce(refused: readonly Refusal[]): void {
    const sentences = refused.map(({ path, sentence }) => `hook ${path} is not run: it ${sentence}`);
    for (const sentence of sentences) {
      if (!this.#said.has(sentence)) this.#control.log('warning', sentence, { EVENT: 'hook-refused' });
    }
    this.#said = new Set(sentences);
  }
}
