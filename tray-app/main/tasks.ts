/**
 * What the user asks of the daemon. A request that is under way is shown as pending; it changes nothing by itself: the
 * state shown is always the daemon's.
 */
import type { Client, ServerDetails } from '../../dbus/client.js';
import { done, type Fault, fault, type Outcome } from '../../dbus/fault.js';
import type { Probe, Step } from '../../dbus/reports.js';
import { snapshotIn, type Task } from '../shared/view.js';
import type { DaemonLink } from './daemon-link.js';
import type { EventLog } from './event-log.js';
import type { Store } from './store.js';

export class Tasks {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #link: DaemonLink;
  readonly #now: () => number;

  constructor(store: Store, log: EventLog, link: DaemonLink, now: () => number) {
    this.#store = store;
    this.#log = log;
    this.#link = link;
    this.#now = now;
  }

  start(): Promise<Outcome<void>> {
    return this.#run('start', undefined, async (client) => settled(await client.start()));
  }

  stop(): Promise<Outcome<void>> {
    return this.#run('stop', undefined, async (client) => settled(await client.stop()));
  }

  restart(): Promise<Outcome<void>> {
    return this.#run('restart', undefined, async (client) => settled(await client.restart()));
  }

  setServer(server: string): Promise<Outcome<void>> {
    return this.#run('set-server', server, async (client) => settled(await client.setServer(server)));
  }

  addServer(name: string, details: ServerDetails): Promise<Outcome<void>> {
    return this.#run('add-server', name, async (client) => settled(await client.addServer(name, details)));
  }

  removeServer(name: string): Promise<Outcome<void>> {
    return this.#run('remove-server', name, async (client) => settled(await client.removeServer(name)));
  }

  /** All of the list when `names` is empty. */
  async probeServers(names: readonly string[]): Promise<Outcome<readonly Probe[]>> {
    const listed = (snapshotIn(this.#store.view)?.servers ?? []).map(({ name }) => name);
    const heard = (probe: Probe): void => {
      const { probes } = this.#store.view;
      const waiting = probes.waiting.filter((name) => name !== probe.name);
      this.#store.change({ probes: { ...probes, waiting, results: { ...probes.results, [probe.name]: probe } } });
    };
    return this.#run('probe', undefined, async (client) => {
      const waiting = names.length === 0 ? listed : names;
      // What is known of others stays, as long as they are in the list.
      const kept = Object.entries(this.#store.view.probes.results).filter(([name]) => listed.includes(name));
      const results = Object.fromEntries(kept.filter(([name]) => !waiting.includes(name)));
      this.#store.change({ probes: { isRunning: true, results, waiting, time: this.#store.view.probes.time } });
      const probed = await client.probeServers(names, heard);
      if (probed.ok) for (const probe of probed.value) heard(probe);
      const { probes } = this.#store.view;
      this.#store.change({ probes: { ...probes, isRunning: false, waiting: [], time: this.#now() } });
      return probed;
    });
  }

  async diagnose(): Promise<Outcome<readonly Step[]>> {
    return this.#run('diagnose', undefined, async (client) => {
      this.#store.change({ diagnosis: { isRunning: true, steps: [], time: undefined } });
      const diagnosed = await client.diagnose((step) => {
        const { diagnosis } = this.#store.view;
        this.#store.change({ diagnosis: { ...diagnosis, steps: withStep(diagnosis.steps, plain(step)) } });
      });
      const heard = this.#store.view.diagnosis.steps.filter(({ verdict }) => verdict !== 'running');
      const steps = diagnosed.ok ? diagnosed.value.map(plain) : heard;
      this.#store.change({ diagnosis: { isRunning: false, steps, time: this.#now() } });
      return diagnosed.ok ? done(steps) : diagnosed;
    });
  }

  dismissRefusal(): void {
    this.#store.change({ refusal: undefined });
  }

  /** Lets everything be tried again that polkit refused. */
  forgetDenials(): void {
    this.#store.change({ denied: [], refusal: undefined });
  }

  async #run<T>(
    task: Task,
    subject: string | undefined,
    act: (client: Client) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const client = this.#link.client;
    if (client === undefined) return fault('no-bus', 'There is no connection to the system bus.');
    if (this.#store.view.pending.some((pending) => pending.task === task)) {
      return fault('busy', 'The last such request has not been answered yet.');
    }
    this.#log.add({ kind: 'request', task, subject });
    this.#store.change({ pending: [...this.#store.view.pending, { task, subject, since: this.#now() }] });
    const outcome = await act(client);
    this.#settle(task, subject, outcome.ok ? undefined : outcome.fault);
    return outcome;
  }

  #settle(task: Task, subject: string | undefined, problem: Fault | undefined): void {
    const { pending, denied } = this.#store.view;
    const others = denied.filter((name) => name !== task);
    // Whoever closed the question for the password knows that nothing has come of it.
    const isRefused = problem !== undefined && problem.code !== 'dismissed';
    this.#store.change({
      pending: pending.filter((entry) => entry.task !== task),
      denied: problem?.code === 'not-authorised' ? [...others, task] : others,
      refusal: isRefused ? { task, subject, fault: problem, time: this.#now() } : undefined,
    });
    if (!isRefused) return;
    const { code, sentence } = problem;
    this.#log.add({ kind: 'refusal', task, subject, reason: { code, sentence } });
  }
}

const settled = (answer: Outcome<unknown>): Outcome<void> => (answer.ok ? done(undefined) : answer);

/** Electron's bridge to the window passes no large integers. */
function plain(step: Step): Step {
  const entries = Object.entries(step.details);
  const details = entries.map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value] as const);
  return { ...step, details: Object.fromEntries(details) };
}

/** A step that is told again takes its own place. */
function withStep(steps: readonly Step[], step: Step): readonly Step[] {
  const isKnown = steps.some(({ id }) => id === step.id);
  return isKnown ? steps.map((other) => (other.id === step.id ? step : other)) : [...steps, step];
}
