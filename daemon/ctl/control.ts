/** `miredoctl start`, `restart` and `stop`. */
import type { Client } from '../../dbus/client.js';
import { fault, type Outcome } from '../../dbus/fault.js';
import { isBusy, isHeld, type Snapshot } from '../../dbus/snapshot.js';
import { type Session, type Setting, withSession } from './calling.js';
import { EXIT, type ExitCode, exitCodeOfState } from './exit-codes.js';
import { Progress } from './progress.js';
import type { Screen } from './screen.js';
import { colourOf, firewallSentence, stateSentence } from './status-text.js';

interface StartRequest {
  readonly command: 'start' | 'restart';
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** For this run only, or for good when no other is known; undefined for the one that is chosen. */
  readonly server: string | undefined;
}

export async function stop(setting: Setting): Promise<ExitCode> {
  return withSession(setting, async ({ client, ask, refuse, screen }) => {
    const stopped = await ask(client.stop());
    if (!stopped.ok) return refuse(stopped.fault);
    screen.out(`${screen.style.faint('stopped')}\n`);
    return EXIT.ok;
  });
}

export async function start(request: StartRequest, setting: Setting): Promise<ExitCode> {
  return withSession(setting, async (session) => {
    const { client, ask, refuse } = session;
    const change = (): Promise<Outcome<unknown>> =>
      ask(request.command === 'start' ? client.start({ server: request.server }) : client.restart());
    if (request.wait) return startAndWait(session, change, request);
    const changed = await change();
    return changed.ok ? EXIT.ok : refuse(changed.fault);
  });
}

async function startAndWait(
  session: Session,
  change: () => Promise<Outcome<unknown>>,
  request: StartRequest,
): Promise<ExitCode> {
  const { client, screen, end, refuse } = session;
  const progress = new Progress(screen);
  const course = new Course(request, (snapshot) => progress.tell(stateSentence(snapshot)));
  try {
    const following = await client.follow({ snapshot: (snapshot) => course.take(snapshot) });
    if (!following.ok) return refuse(following.fault);
    course.begin();
    const changed = await change();
    if (!changed.ok) return refuse(changed.fault);
    course.tellFromNow();
    const verdict = await firstOf(course, client, request.timeout, end);
    progress.end();
    return tellEnd(verdict, course.latest, request, session);
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

function tellEnd(
  verdict: Verdict,
  latest: Snapshot | undefined,
  { command, timeout }: StartRequest,
  { screen, refuse }: Session,
): ExitCode {
  if (verdict === 'gone' || latest === undefined) {
    return refuse(fault('lost', 'The daemon ended before the tunnel was qualified.').fault);
  }
  const { state } = latest;
  const sentence = stateSentence(latest);
  if (state === 'qualified') {
    screen.out(`${colourOf(state, screen.style)(sentence)}\n`);
    if (command === 'start') tellFirewall(latest, screen);
  } else screen.err(`miredoctl: ${sentence}\n`);
  if (verdict === 'too-late') {
    screen.err(`miredoctl: Not settled within ${timeout} s; the daemon goes on. See: miredoctl status --watch.\n`);
  }
  return exitCodeOfState(state);
}

/** Whoever starts a tunnel may wonder who gets in by it, or why nobody does. Scripts do not. */
function tellFirewall({ firewall }: Snapshot, { out, outIsTerminal, style }: Screen): void {
  if (firewall !== undefined && outIsTerminal) out(`${style.faint(firewallSentence(firewall))}\n`);
}

/**
 * The states after a call, until they settle. The state from before the call does not count: the call may be answered
 * before the daemon has left it. A start that finds the tunnel started, and with that server, has nothing to wait for but
 * its result.
 */
class Course {
  readonly ended: Promise<Verdict>;
  latest: Snapshot | undefined;
  readonly #request: StartRequest;
  readonly #tell: (snapshot: Snapshot) => void;
  #settle: (verdict: Verdict) => void = () => undefined;
  #before: Snapshot | undefined;
  #hasBegun = false;
  #isTelling = false;
  #hasMoved = false;

  constructor(request: StartRequest, tell: (snapshot: Snapshot) => void) {
    this.#request = request;
    this.#tell = tell;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** What comes from now on may be the call's work. */
  begin(): void {
    this.#hasBegun = true;
    if (this.latest !== undefined) this.#beginFrom(this.latest);
  }

  #beginFrom(snapshot: Snapshot): void {
    this.#before = snapshot;
    this.#hasMoved = isThereAlready(this.#request, snapshot);
  }

  take(snapshot: Snapshot | undefined): void {
    const hadDaemon = this.latest !== undefined;
    this.latest = snapshot;
    if (snapshot === undefined) {
      if (hadDaemon) this.#settle('gone');
      return;
    }
    if (!this.#hasBegun) return;
    // The bus has started the daemon for the call.
    if (this.#before === undefined) this.#beginFrom(snapshot);
    else if (snapshot.state !== this.#before.state || snapshot.since !== this.#before.since) this.#hasMoved = true;
    this.#look();
  }

  /** The call has been answered: whoever may not start anything has seen no progress. */
  tellFromNow(): void {
    this.#isTelling = true;
    this.#look();
  }

  #look(): void {
    if (!this.#isTelling || this.latest === undefined || !this.#hasMoved) return;
    if (isBusy(this.latest.state) && !isHeld(this.latest)) this.#tell(this.latest);
    else this.#settle('settled');
  }
}

/** The call will change nothing. */
function isThereAlready({ command, server }: StartRequest, { state, servers, ...snapshot }: Snapshot): boolean {
  if (command === 'restart' || state === 'stopped') return false;
  const entry = servers.find(({ name }) => name === server);
  return server === undefined || [server, entry?.primary].includes(snapshot.server);
}
