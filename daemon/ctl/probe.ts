/** `miredoctl server probe`: who answers, and how fast; a line for each as it comes in. */
import type { Fault } from '../../dbus/fault.js';
import type { Probe } from '../../dbus/reports.js';
import { type Session, type Setting, withSession } from './calling.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { errorJson } from './json.js';
import { Progress } from './progress.js';
import { SCHEMA_VERSION } from './status-json.js';
import { printable, type Style, wrapped } from './terminal.js';

interface ProbeRequest {
  readonly names: readonly string[];
  readonly json: boolean;
}

export async function probe(request: ProbeRequest, setting: Setting): Promise<ExitCode> {
  return withSession(setting, (session) =>
    request.json ? probeForScripts(request, session) : probeForPeople(request, session),
  );
}

async function probeForScripts({ names }: ProbeRequest, { client, ask, refuse, screen }: Session): Promise<ExitCode> {
  const probes = await ask(client.probeServers(names));
  screen.out(`${JSON.stringify(probes.ok ? probesJson(probes.value) : probesJson([], probes.fault), undefined, 2)}\n`);
  return probes.ok ? exitCodeOfProbes(probes.value) : refuse(probes.fault);
}

async function probeForPeople({ names }: ProbeRequest, session: Session): Promise<ExitCode> {
  const { client, ask, refuse, screen, hasAgent } = session;
  const listed = names.length > 0 ? names : await listedNames(session);
  const width = Math.max(0, ...listed.map((name) => printable(name).length));
  const progress = new Progress(screen);
  let left = listed.length;
  const tellLeft = (): void => {
    if (screen.errIsTerminal && left > 0) progress.tell(`asking ${left} server${left === 1 ? '' : 's'}`);
  };
  // A password may be asked for first.
  if (!hasAgent) tellLeft();
  const show = (one: Probe): void => {
    progress.pause();
    screen.out(`${probeText(one, width, screen.columns, screen.style)}\n`);
    left -= 1;
    tellLeft();
  };
  const shown = new Set<string>();
  try {
    const probes = await ask(
      client.probeServers(names, (one) => {
        shown.add(one.name);
        show(one);
      }),
    );
    progress.end();
    if (!probes.ok) return refuse(probes.fault);
    for (const one of probes.value) if (!shown.has(one.name)) show(one);
    if (probes.value.length === 0)
      screen.err('miredoctl: There are no servers in the list. Add one: miredoctl server add.\n');
    return exitCodeOfProbes(probes.value);
  } finally {
    progress.end();
  }
}

/** Only for the look of the lines: without them it goes as well. */
async function listedNames({ client }: Session): Promise<readonly string[]> {
  const snapshot = await client.read();
  return snapshot.ok ? snapshot.value.servers.map(({ name }) => name) : [];
}

export const exitCodeOfProbes = (probes: readonly Probe[]): ExitCode =>
  probes.some(({ isReachable }) => isReachable) ? EXIT.ok : EXIT.noAnswer;

/** `width`: of the names. */
export function probeText(
  { name, isReachable, roundTrip, hasSecondary, address, error }: Probe,
  width: number,
  columns: number | undefined,
  style: Style,
): string {
  const label = printable(name).padEnd(width);
  const where = address === undefined || address === name ? '' : `${printable(address)}: `;
  const time = roundTrip === undefined ? '' : ` in ${(roundTrip / 1000).toFixed(1)} ms`;
  const why = error === undefined ? '' : printable(error.sentence);
  const rest = isReachable
    ? `${where}answers${time}${hasSecondary ? ', both addresses' : ''}${why === '' ? '' : `; ${why}`}`
    : `${where}${why === '' ? 'does not answer' : why}`;
  const mark = !isReachable ? style.bad('✗') : hasSecondary ? style.good('✓') : style.busy('!');
  const indent = width + 4;
  return `${mark} ${label}  ${columns === undefined ? rest : wrapped(rest, columns, indent)}`;
}

/** Every member is always there. */
export function probesJson(probes: readonly Probe[], fault?: Fault): Readonly<Record<string, unknown>> {
  const servers = probes.map(({ name, isReachable, roundTrip, hasSecondary, address, error }) => ({
    name,
    reachable: isReachable,
    roundTripMicroseconds: roundTrip ?? null,
    secondary: hasSecondary,
    address: address ?? null,
    error: error ?? null,
  }));
  return { schemaVersion: SCHEMA_VERSION, servers, error: fault === undefined ? null : errorJson(fault) };
}
