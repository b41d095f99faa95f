/**
 * The state of the tunnel for scripts. Every member is always there, null where there is nothing; new ones may come
 * with any version; when one goes or changes its meaning, `schemaVersion` rises.
 */
import type { Fault } from '../../dbus/fault.js';
import type { Snapshot } from '../../dbus/snapshot.js';

export const SCHEMA_VERSION = 1;

export function statusJson(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const { state, reason, since, address, mapped, server, serverAddress, nat, mtu } = snapshot;
  return {
    schemaVersion: SCHEMA_VERSION,
    state,
    qualified: state === 'qualified',
    reason: reason ?? null,
    since: timestamp(since),
    address: address ?? null,
    mapped: mapped ?? null,
    server: server ?? null,
    serverAddress: serverAddress ?? null,
    nat: nat ?? null,
    interface: snapshot.interface ?? null,
    mtu: mtu ?? null,
    roundTripMicroseconds: snapshot.roundTrip ?? null,
    lastServerContact: timestamp(snapshot.lastServerContact),
    statistics: snapshot.statistics,
    daemonVersion: snapshot.version ?? null,
    error: null,
  };
}

/** There is no state to be had: `state` is null, and `error` says why. */
export function faultJson({ code, name, sentence }: Fault): Readonly<Record<string, unknown>> {
  return {
    schemaVersion: SCHEMA_VERSION,
    state: null,
    qualified: false,
    reason: null,
    since: null,
    address: null,
    mapped: null,
    server: null,
    serverAddress: null,
    nat: null,
    interface: null,
    mtu: null,
    roundTripMicroseconds: null,
    lastServerContact: null,
    statistics: {},
    daemonVersion: null,
    error: { code, name: name === '' ? null : name, sentence },
  };
}

/** RFC 3339, in UTC. */
function timestamp(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}
