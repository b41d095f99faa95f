/** A connection for the time of a command, with an agent for passwords beside it where one is of use. */
import { Client } from '../../dbus/client.js';
import { type Fault, fault, type Outcome } from '../../dbus/fault.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { EXIT, type ExitCode, exitCodeOfFault } from './exit-codes.js';
import { isWanted, startAgent } from './password-agent.js';
import { complaint } from './remedies.js';
import type { Screen } from './screen.js';

export interface Setting {
  readonly screen: Screen;
  /** `--no-ask-password` was not given. */
  readonly askPassword: boolean;
  /** Aborted when the user interrupts. */
  readonly end: AbortSignal;
}

/** What a command that calls the daemon has at hand. */
export interface Session extends Setting {
  readonly client: Client;
  /** Somebody may be asked for a password on this terminal: nothing else is to be written to it meanwhile. */
  readonly hasAgent: boolean;
  /** The answer of a call that may take a password, or a fault when the user interrupts. */
  readonly ask: <T>(answer: Promise<Outcome<T>>) => Promise<Outcome<T>>;
  /** Tells what went wrong. */
  readonly refuse: (problem: Fault) => ExitCode;
}

/** Milliseconds for polkit to notice that the agent was interrupted, and for the daemon to say so. */
const AFTERMATH = 1000;

/** For commands that change something. */
export async function withSession(setting: Setting, act: (session: Session) => Promise<ExitCode>): Promise<ExitCode> {
  const { screen, askPassword, end } = setting;
  const opened = await Client.open({ isInteractive: askPassword });
  if (!opened.ok) return tell(screen, opened.fault, false);
  const client = opened.value;
  const agent = isWanted(askPassword) ? await startAgent() : undefined;
  const hasAgent = agent !== undefined;
  const patience = hasAgent ? AFTERMATH : 0;
  try {
    return await act({
      ...setting,
      client,
      hasAgent,
      ask: (answer) => firstOf(answer, end, patience),
      refuse: (problem) => (isCancelled(problem, end) ? cancelled(screen) : tell(screen, problem, hasAgent)),
    });
  } finally {
    client.close();
    await agent?.end();
  }
}

/** For commands that only look, which takes no password. */
export async function readOnce(): Promise<Outcome<Snapshot>> {
  const client = await Client.open();
  if (!client.ok) return client;
  const outcome = await client.value.read();
  client.value.close();
  return outcome;
}

function tell(screen: Screen, problem: Fault, hasAgent: boolean): ExitCode {
  screen.err(`miredoctl: ${complaint(problem, hasAgent)}\n`);
  return exitCodeOfFault(problem);
}

const isCancelled = ({ code }: Fault, end: AbortSignal): boolean =>
  code === 'dismissed' || (end.aborted && code === 'not-authorised');

/** The user interrupted the question for the password. */
function cancelled(screen: Screen): ExitCode {
  screen.err('\nmiredoctl: Cancelled; nothing was done.\n');
  return EXIT.notAuthorised;
}

async function firstOf<T>(answer: Promise<Outcome<T>>, end: AbortSignal, patience: number): Promise<Outcome<T>> {
  let timer: NodeJS.Timeout | undefined;
  let interrupted: () => void = () => undefined;
  const interruption = new Promise<Outcome<T>>((resolve) => {
    interrupted = () => {
      timer = setTimeout(() => resolve(fault('failed', 'Interrupted.')), patience);
    };
    if (end.aborted) interrupted();
    else end.addEventListener('abort', interrupted, { once: true });
  });
  try {
    return await Promise.race([answer, interruption]);
  } finally {
    clearTimeout(timer);
    end.removeEventListener('abort', interrupted);
  }
}
