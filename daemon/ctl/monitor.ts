/** `miredoctl monitor`: what happens, a line each. */
import type { DaemonSignal } from '../../dbus/client.js';
import type { Fault } from '../../dbus/fault.js';
import { keepFollowing } from '../../dbus/keep-following.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import type { Screen } from './screen.js';
import { SCHEMA_VERSION } from './status-json.js';
import { colourOf } from './status-text.js';
import { printable, type Style } from './terminal.js';

export type Happening =
  | { readonly event: 'bus'; readonly present: false; readonly sentence: string }
  | { readonly event: 'daemon'; readonly present: boolean; readonly state: string | null }
  | {
      readonly event: 'state';
      readonly state: string;
      readonly previous: string;
      readonly reason: { readonly code: string; readonly sentence: string } | null;
    }
  | { readonly event: 'address'; readonly address: string | null; readonly previous: string | null }
  | {
      readonly event: 'server';
      readonly server: string | null;
      readonly previous: string | null;
      readonly reason: { readonly code: string; readonly sentence: string };
    }
  | { readonly event: 'qualification'; readonly qualified: boolean };

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

/** Properties change with the signals, so that of snapshots only the daemon's coming and going is news. */
function listenerFor(tell: (happening: Happening) => void): Parameters<typeof keepFollowing>[0] {
  let present: boolean | undefined;
  return {
    lost: ({ sentence }: Fault) => {
      present = undefined;
      tell({ event: 'bus', present: false, sentence });
    },
    snapshot: (snapshot: Snapshot | undefined) => {
      const isPresent = snapshot !== undefined;
      if (present === isPresent) return;
      present = isPresent;
      tell({ event: 'daemon', present: isPresent, state: snapshot?.state ?? null });
    },
    signal: (signal) => {
      const happening = happeningOf(signal);
      if (happening !== undefined) tell(happening);
    },
  };
}

/** What happens to the tunnel; undefined for what only the caller of a method is told. */
export function happeningOf(signal: DaemonSignal): Happening | undefined {
  switch (signal.name) {
    case 'StateChanged': {
      const [state, previous, [code, sentence]] = signal.body;
      return { event: 'state', state, previous, reason: code === '' ? null : { code, sentence } };
    }
    case 'AddressChanged': {
      const [address, previous] = signal.body;
      return { event: 'address', address: address || null, previous: previous || null };
    }
    case 'QualificationChanged':
      return { event: 'qualification', qualified: signal.body[0] };
    case 'ServerChanged': {
      const [server, previous, [code, sentence]] = signal.body;
      return { event: 'server', server: server || null, previous: previous || null, reason: { code, sentence } };
    }
    case 'ProbeProgress':
    case 'DiagnoseProgress':
      return undefined;
  }
}

export const happeningJson = (happening: Happening, time: Date): string =>
  JSON.stringify({ schemaVersion: SCHEMA_VERSION, time: time.toISOString(), ...happening });

export function happeningText(happening: Happening, time: Date, style: Style): string {
  return `${style.faint(time.toTimeString().slice(0, 8))}  ${sentenceOf(happening, style)}`;
}

function sentenceOf(happening: Happening, style: Style): string {
  switch (happening.event) {
    case 'bus':
      return style.bad(printable(happening.sentence));
    case 'daemon':
      return happening.present
        ? `the daemon is there, the tunnel is ${printable(happening.state ?? '')}`
        : style.bad('there is no daemon');
    case 'state': {
      const { state, previous, reason } = happening;
      const because = reason === null ? '' : `: ${printable(reason.sentence)}`;
      return `${printable(previous)} → ${colourOf(state, style)(printable(state))}${because}`;
    }
    case 'address':
      return happening.address === null ? 'no address any more' : `address ${printable(happening.address)}`;
    case 'server': {
      const { server, reason } = happening;
      return `${server === null ? 'no server any more' : `server ${printable(server)}`}: ${printable(reason.sentence)}`;
    }
    case 'qualification':
      return happening.qualified ? style.good('qualified: the tunnel can be used') : 'the tunnel cannot be used';
  }
}
