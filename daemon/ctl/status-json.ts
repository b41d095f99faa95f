/**
 * The state of the tunnel for scripts. Every member is always there, null where there is nothing; new ones may come
 * with any version; when one goes or changes its meaning, `schemaVersion` rises.
 */
import type { Fault } from '../../dbus/fault.js';
import type { Firewall, Nat, Snapshot } from '../../dbus/snapshot.js';
import { errorJson } from './json.js';

export const SCHEMA_VERSION = 1;

export function statusJson(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const { state, reason, since, address, mapped, server, serverAddress, nat, mtu } = snapshot;
  return {
    schemaVersion: SCHEMA_VERSION,
    state,
    qualified: state === 'qualified',
    reason: reason ?? null,
    since: timestamp(since),
    enabled: snapshot.isEnabled,
    networkPolicy: snapshot.networkPolicy ?? null,
    address: address ?? null,
    ipv6Reachable: snapshot.isIpv6Reachable ?? null,
    local: snapshot.local ?? null,
    mapped: mapped ?? null,
    server: server ?? null,
    serverAddress: serverAddress ?? null,
    serverChoice: snapshot.serverChoice ?? null,
    nat: nat === undefined ? null : natJson(nat),
    firewall: snapshot.firewall === undefined ? null : firewallJson(snapshot.firewall),
    interface: snapshot.interface ?? null,
    mtu: mtu ?? null,
    roundTripMicroseconds: snapshot.roundTrip ?? null,
    lastServerContact: timestamp(snapshot.lastServerContact),
    refreshIntervalMicroseconds: snapshot.refreshInterval ?? null,
    statistics: snapshot.statistics,
    daemonVersion: snapshot.version ?? null,
    error: null,
  };
}

/** There is no state to be had: `state` is null, and `error` says why. */
export function faultJson(fault: Fault): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: SCHEMA_VERSION,
    state: null,
    qualified: false,
    reason: null,
    since: null,
    enabled: false,
    networkPolicy: null,
    address: null,
    ipv6Reachable: null,
    local: null,
    mapped: null,
    server: null,
    serverAddress: null,
    serverChoice: null,
    nat: null,
    firewall: null,
    interface: null,
    mtu: null,
    roundTripMicroseconds: null,
    lastServerContact: null,
    refreshIntervalMicroseconds: null,
    statistics: {},
    daemonVersion: null,
    error: errorJson(fault),
  };
}

const natJson = ({
  mapping,
  filtering,
  portPreserving,
  isPublic,
  learntBy,
}: Nat): Readonly<Record<string, unknown>> => ({
  mapping,
  filtering,
  portPreserving,
  public: isPublic,
  learntBy: learntBy === '' ? null : learntBy,
});

const firewallJson = ({ isWanted, isActive, open }: Firewall): Readonly<Record<string, unknown>> => ({
  wanted: isWanted,
  active: isActive,
  open,
});

/** RFC 3339, in UTC. */
function timestamp(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}
