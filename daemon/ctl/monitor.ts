/** `miredoctl monitor`: what happens, a line each. */
import type { Fault } from '../../dbus/fault.js';
import { keepFollowing } from '../../dbus/keep-following.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { changesBetween, type Happening, happeningJson, happeningOf, happeningText } from './happenings.js';
import type { Screen } from './screen.js';

export async function monitor(
  { json }: { readonly json: boolean },
  screen: Screen,
  end: AbortSignal,
): Promise<ExitCode> {
  const tell = (happening: Happening): void => {
    const time = new Date(screen.now());
    screen.out(`${json ? happeningJson(happening, time) : happeningText(happening, time, screen.style)}\n`);
  };
  await keepFollowing(listenerFor(tell), end);
  return EXIT.ok;
}

/** Properties change with the signals: of snapshots only that is news which has no signal of its own. */
function listenerFor(tell: (happening: Happening) => void): Parameters<typeof keepFollowing>[0] {
  /** undefined: nothing is known; null: there is no daemon. */
  let last: Snapshot | null | undefined;
  return {
    lost: ({ sentence }: Fault) => {
      last = undefined;
      tell({ event: 'bus', present: false, sentence });
    },
    snapshot: (snapshot: Snapshot | undefined) => {
      const before = last;
      last = snapshot ?? null;
      if (before && snapshot !== undefined) for (const change of changesBetween(before, snapshot)) tell(change);
      else if (before === undefined || (before === null) !== (snapshot === undefined)) {
        tell({ event: 'daemon', present: snapshot !== undefined, state: snapshot?.state ?? null });
      }
    },
    signal: (signal) => {
      const happening = happeningOf(signal);
      if (happening !== undefined) tell(happening);
    },
  };
}
