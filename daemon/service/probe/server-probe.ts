/**
 * Asks servers for an address, beside the running tunnel: its port and its mapping in the NAT are not touched. Names
 * are resolved, and answers are read, by processes without privilege.
 */
import { readHostAddresses } from '../../io/interfaces.js';
import { localAddressTo } from '../../io/local-address.js';
import type { Servers } from '../../protocol/qualification.js';
import { reasonOf } from '../../protocol/reasons.js';
import type { ConeAnswer, Heard } from '../../protocol/server-probe.js';
import { type Confinement, TARGET_LIMIT } from '../../tunnel/messages.js';
import { type Endpoint, type Ipv4Address, isPermittedDestination, type Port } from '../../wire/ipv4.js';
import { TEREDO_PREFIX } from '../../wire/teredo-address.js';
import type { Log } from '../log.js';
import { findServers, type ServerNames } from '../server-addresses.js';
import { type ProbeFailure, runProbe } from './probe-process.js';

export interface ProbeTarget extends ServerNames {
  readonly name: string;
}

export interface ProbeFault {
  readonly code: string;
  readonly sentence: string;
}

export interface ProbeResult {
  readonly name: string;
  /** It answers as a Teredo server does. */
  readonly reachable: boolean;
  /** Microseconds. */
  readonly roundTrip: number | undefined;
  /** Its second address answers too. */
  readonly secondary: boolean;
  readonly address: Ipv4Address | undefined;
  readonly fault: ProbeFault | undefined;
}

export interface ProbeOptions {
  readonly user: Confinement;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** As each comes in. */
  readonly heard?: (result: ProbeResult) => void;
  /** BindAddress of the tunnel, so that the same way is taken. */
  readonly bindAddress?: Ipv4Address;
  /** The tunnel's interface, whose addresses are not the host's. */
  readonly tunnel?: string;
  /** Of a test. */
  readonly program?: readonly string[];
}

/** What one target's answers tell of the way, beside its result. */
export interface Sighting {
  readonly target: number;
  readonly primary: Ipv4Address;
  readonly secondary: Ipv4Address;
  /** Where either address saw us; undefined when it is silent. */
  readonly mapped: Endpoint | undefined;
  readonly mappedBySecondary: Endpoint | undefined;
  /** Who answered the question with the cone flag; undefined when it was not asked. */
  readonly cone: ConeAnswer | undefined;
}

export interface Measurement {
  /** In the order of the targets. */
  readonly results: readonly ProbeResult[];
  readonly sightings: readonly Sighting[];
  /** That the questions left by; undefined when none did. */
  readonly localPort: Port | undefined;
}

/** In the order of the targets; those behind the first TARGET_LIMIT are not asked. */
export async function probeServers(
  targets: readonly ProbeTarget[],
  options: ProbeOptions,
): Promise<readonly ProbeResult[]> {
  return (await measure(targets, options, false)).results;
}

/** `cone`: asks also what the NAT lets in, which takes longer where it lets nothing in. */
export async function measure(
  targets: readonly ProbeTarget[],
  options: ProbeOptions,
  cone: boolean,
): Promise<Measurement> {
  const asked = targets.slice(0, TARGET_LIMIT);
  const { directedBroadcasts } = readHostAddresses(options.tunnel === undefined ? [] : [options.tunnel]);
  const results = new Map<number, ProbeResult>();
  const settle = (index: number, result: ProbeResult): void => {
    results.set(index, result);
    options.heard?.(result);
  };
  const places = await Promise.all(asked.map((target) => locate(target, options, directedBroadcasts)));
  const groups = new Map<string, Group>();
  places.forEach((place, index) => {
    const name = asked[index]?.name ?? '';
    if ('code' in place) settle(index, refused(name, place, place.address));
    else group(groups, place).members.push(index);
  });
  // A server that goes by several names is asked once.
  const list = [...groups.values()];
  const heard = (target: number, primary: Heard | undefined, secondary: Heard | undefined): void => {
    const entry = list[target];
    if (entry === undefined) return;
    entry.primaryHeard = primary;
    entry.secondaryHeard = secondary;
    for (const index of entry.members) settle(index, judged(asked[index]?.name ?? '', entry));
  };
  const run = list.length === 0 ? undefined : await runGroups(list, options, directedBroadcasts, cone, heard);
  // Progress cannot be unsaid, but nothing is decided by it.
  if (run?.ok === false && run.isDistrusted) forget(list, results);
  const reason = run === undefined || run.ok ? reasonOf('internal') : faultOf(run);
  asked.forEach(({ name }, index) => {
    if (!results.has(index)) settle(index, refused(name, reason, undefined));
  });
  return {
    results: asked.flatMap((_, index) => results.get(index) ?? []),
    sightings: list.map((entry, target) =>
      sightingOf(entry, target, run?.ok === true ? run.cone.get(target) : undefined),
    ),
    localPort: run?.ok === true ? run.localPort : undefined,
  };
}

interface Group extends Servers {
  /** Places in the list of targets. */
  readonly members: number[];
  primaryHeard: Heard | undefined;
  secondaryHeard: Heard | undefined;
}

function group(groups: Map<string, Group>, { primary, secondary }: Servers): Group {
  const key = `${primary} ${secondary}`;
  const found = groups.get(key) ?? {
    primary,
    secondary,
    members: [],
    primaryHeard: undefined,
    secondaryHeard: undefined,
  };
  groups.set(key, found);
  return found;
}

/** As if the probe had said nothing. */
function forget(list: readonly Group[], results: Map<number, ProbeResult>): void {
  for (const entry of list) {
    entry.primaryHeard = undefined;
    entry.secondaryHeard = undefined;
    for (const index of entry.members) results.delete(index);
  }
}

const runGroups = (
  list: readonly Group[],
  { user, log, signal, bindAddress, program }: ProbeOptions,
  directedBroadcasts: readonly Ipv4Address[],
  cone: boolean,
  heard: (target: number, primary: Heard | undefined, secondary: Heard | undefined) => void,
) =>
  runProbe({
    role: {
      name: 'probe',
      prefix: TEREDO_PREFIX,
      targets: list.map(({ primary, secondary }) => ({ primary, secondary })),
      cone,
    },
    confinement: user,
    directedBroadcasts,
    bindAddress,
    log,
    signal,
    program,
    heard,
  });

/** A target's addresses, or why it cannot be asked. */
async function locate(
  target: ProbeTarget,
  { user, signal }: ProbeOptions,
  directedBroadcasts: readonly Ipv4Address[],
): Promise<Servers | (ProbeFault & { readonly address: Ipv4Address | undefined })> {
  const found = await findServers(target, { user, ...(signal === undefined ? {} : { signal }) });
  if (!found.ok) {
    return {
      code: found.code === 'aborted' ? 'aborted' : 'dns-failed',
      sentence: found.sentence,
      address: found.primary,
    };
  }
  const { primary: address, secondary } = found.servers;
  const scope = { directedBroadcasts };
  if (![address, secondary].every((each) => isPermittedDestination(each, scope))) {
    return { ...reasonOf('server-not-global'), address };
  }
  const way = await localAddressTo(address);
  if (!way.ok) return { code: 'no-network', sentence: `There is no way to the server (${way.errno}).`, address };
  return found.servers;
}

const faultOf = ({ code, sentence }: ProbeFailure): ProbeFault => ({ code, sentence });

const refused = (name: string, { code, sentence }: ProbeFault, address: Ipv4Address | undefined): ProbeResult => ({
  name,
  reachable: false,
  roundTrip: undefined,
  secondary: false,
  address,
  fault: { code, sentence },
});

function judged(name: string, { primary, primaryHeard, secondaryHeard }: Group): ProbeResult {
  const silent = primaryHeard === undefined ? 'server-silent' : 'secondary-silent';
  return {
    name,
    reachable: primaryHeard !== undefined,
    roundTrip: primaryHeard && Math.round(1000 * primaryHeard.roundTrip),
    secondary: secondaryHeard !== undefined,
    address: primary,
    fault: primaryHeard !== undefined && secondaryHeard !== undefined ? undefined : reasonOf(silent),
  };
}

const sightingOf = (
  { primary, secondary, primaryHeard, secondaryHeard }: Group,
  target: number,
  cone: ConeAnswer | undefined,
): Sighting => ({
  target,
  primary,
  secondary,
  mapped: primaryHeard?.mapped,
  mappedBySecondary: secondaryHeard?.mapped,
  cone,
});
