/** `miredoctl start`, `restart` and `stop`. */
import { Client } from '../../dbus/client.js';
import { type Fault, fault, type Outcome } from '../../dbus/fault.js';
import { isBusy, type Snapshot } from '../../dbus/snapshot.js';
import { EXIT, type ExitCode, exitCodeOfFault, exitCodeOfState } from './exit-codes.js';
import { Progress } from './progress.js';
import { complaint } from './remedies.js';
import type { Screen } from './screen.js';
import { colourOf, stateSentence } from './status-text.js';

interface StartRequest {
  readonly command: 'start' | 'restart';
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export async function stop(screen: Screen): Promise<ExitCode> {
  return withClient(screen, async (client) => {
    const stopped = await client.stop();
    if (!stopped.ok) return refuse(screen, stopped.fault);
    screen.out(`${screen.style.faint('stopped')}\n`);
    return EXIT.ok;
  });
}

export async function start(request: StartRequest, screen: Screen, end: AbortSignal): Promise<ExitCode> {
  return withClient(screen, async (client) => {
    const change = (): Promise<Outcome<unknown>> => (request.command === 'start' ? client.start() : client.restart());
    if (request.wait) return startAndWait(client, change, request, screen, end);
    const changed = await change();
    return changed.ok ? EXIT.ok : refuse(screen, changed.fault);
  });
}

async function withClient(screen: Screen, act: (client: Client) => Promise<ExitCode>): Promise<ExitCode> {
  const client = await Client.open();
  if (!client.ok) return refuse(screen, client.fault);
  try {
    return await act(client.value);
  } finally {
    client.value.close();
  }
}

function refuse(screen: Screen, problem: Fault): ExitCode {
  screen.err(`miredoctl: ${complaint(problem)}\n`);
  return exitCodeOfFault(problem);
}

async function startAndWait(
  client: Client,
  change: () => Promise<Outcome<unknown>>,
  { command, timeout }: StartRequest,
  screen: Screen,
  end: AbortSignal,
): Promise<ExitCode> {
  const progress = new Progress(screen);
  const course = new Course(command, (snapshot) => progress.tell(stateSentence(snapshot)));
  try {
    const following = await client.follow({ snapshot: (snapshot) => course.take(snapshot) });
    if (!following.ok) return refuse(screen, following.fault);
    course.begin();
    const changed = await change();
    if (!changed.ok) return refuse(screen, changed.fault);
    course.tellFromNow();
    const verdict = await firstOf(course, client, timeout, end);
    progress.end();
    return tellEnd(verdict, course.latest, timeout, screen);
  } finally {
    progress.end();
  }
}

type Verdict = 'settled' | 'gone' | 'too-late' | 'interrupted';

async function firstOf(course: Course, client: Client, timeout: number, end: AbortSignal): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Verdict>((resolve) => {
      timer = setTimeout(() => resolve('too-late'), timeout * 1000);
      course.ended.then(resolve);
      client.ended.then(() => resolve('gone'));
      end.addEventListener('abort', () => resolve('interrupted'), { once: true });
      if (end.aborted) resolve('interrupted');
    });
  } finally {
    clearTimeout(timer);
  }
}

function tellEnd(verdict: Verdict, latest: Snapshot | undefined, timeout: number, screen: Screen): ExitCode {
  if (verdict === 'gone' || latest === undefined) {
    return refuse(screen, fault('lost', 'The daemon ended before the tunnel was qualified.').fault);
  }
  const { state } = latest;
  const sentence = stateSentence(latest);
  if (state === 'qualified') screen.out(`${colourOf(state, screen.style)(sentence)}\n`);
  else screen.err(`miredoctl: ${sentence}\n`);
  if (verdict === 'too-late') {
    screen.err(`miredoctl: Not settled within ${timeout} s; the daemon goes on. See: miredoctl status --watch.\n`);
  }
  return exitCodeOfState(state);
}

/**
 * The states after a call, until they settle. The state from before the call does not count: the call may be answered
 * before the daemon has left it. A start that finds the tunnel started has nothing to wait for but its result.
 */
class Course {
  readonly ended: Promise<Verdict>;
  latest: Snapshot | undefined;
  readonly #command: StartRequest['command'];
  readonly #tell: (snapshot: Snapshot) => void;
  #settle: (verdict: Verdict) => void = () => undefined;
  #before: Snapshot | undefined;
  #isTelling = false;
  #hasMoved = false;

  constructor(command: StartRequest['command'], tell: (snapshot: Snapshot) => void) {
    this.#command = command;
    this.#tell = tell;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** What comes from now on may be the call's work. */
  begin(): void {
    this.#before = this.latest;
    this.#hasMoved = this.#command === 'start' && this.latest !== undefined && this.latest.state !== 'stopped';
  }

  take(snapshot: Snapshot | undefined): void {
    const hadDaemon = this.latest !== undefined;
    this.latest = snapshot;
    if (snapshot === undefined) {
      if (hadDaemon) this.#settle('gone');
      return;
    }
    if (snapshot.state !== this.#before?.state || snapshot.since !== this.#before?.since) this.#hasMoved = true;
    this.#look();
  }

  /** The call has been answered: whoever may not start anything has seen no progress. */
  tellFromNow(): void {
    this.#isTelling = true;
    this.#look();
  }

  #look(): void {
    if (!this.#isTelling || this.latest === undefined || !this.#hasMoved) return;
    if (isBusy(this.latest.state)) this.#tell(this.latest);
    else this.#settle('settled');
  }
}
