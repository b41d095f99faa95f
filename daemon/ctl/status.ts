/** `miredoctl status`: once, or whenever something changes. */
import type { Fault } from '../../dbus/fault.js';
import { keepFollowing } from '../../dbus/keep-following.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { readOnce } from './calling.js';
import { EXIT, type ExitCode, exitCodeOfFault, exitCodeOfState } from './exit-codes.js';
import { complaint } from './remedies.js';
import type { Screen } from './screen.js';
import { faultJson, statusJson } from './status-json.js';
import { statusText } from './status-text.js';

interface StatusRequest {
  readonly json: boolean;
  readonly watch: boolean;
}

export async function status(request: StatusRequest, screen: Screen, end: AbortSignal): Promise<ExitCode> {
  const view = request.json ? jsonView(screen, request.watch) : textView(screen, request.watch);
  return request.watch ? watch(view, end) : once(view);
}

/** How a state, or the lack of one, is shown. */
interface View {
  readonly snapshot: (snapshot: Snapshot) => void;
  readonly fault: (fault: Fault) => void;
}

const NO_DAEMON: Fault = { code: 'no-daemon', name: '', sentence: 'The miredo daemon is not on the system bus.' };

async function once(view: View): Promise<ExitCode> {
  const outcome = await readOnce();
  if (!outcome.ok) {
    view.fault(outcome.fault);
    return exitCodeOfFault(outcome.fault);
  }
  view.snapshot(outcome.value);
  return exitCodeOfState(outcome.value.state);
}

/** Ends with the code of what was seen last. */
async function watch(view: View, end: AbortSignal): Promise<ExitCode> {
  let code: ExitCode = EXIT.noDaemon;
  const tellFault = (fault: Fault): void => {
    code = exitCodeOfFault(fault);
    view.fault(fault);
  };
  const tellSnapshot = (snapshot: Snapshot | undefined): void => {
    if (snapshot === undefined) {
      tellFault(NO_DAEMON);
      return;
    }
    code = exitCodeOfState(snapshot.state);
    view.snapshot(snapshot);
  };
  await keepFollowing({ snapshot: tellSnapshot, lost: tellFault }, end);
  return code;
}

/** On a terminal each picture takes the place of the one before; elsewhere an empty line parts them. */
function textView(screen: Screen, isRepeated: boolean): View {
  let isFirst = true;
  const part = (): void => {
    if (isRepeated && screen.outIsTerminal) screen.out('\u001b[H\u001b[2J');
    else if (!isFirst) screen.out('\n');
    isFirst = false;
  };
  return {
    snapshot: (snapshot) => {
      part();
      screen.out(statusText(snapshot, screen.now(), screen.style));
    },
    fault: (fault) => {
      if (isRepeated) part();
      screen.err(`miredoctl: ${complaint(fault)}\n`);
    },
  };
}

/** For people too when it is one object; a line each when there are more. */
function jsonView(screen: Screen, isRepeated: boolean): View {
  const print = (value: unknown): void => screen.out(`${JSON.stringify(value, undefined, isRepeated ? 0 : 2)}\n`);
  return {
    snapshot: (snapshot) => print(statusJson(snapshot)),
    fault: (fault) => print(faultJson(fault)),
  };
}
