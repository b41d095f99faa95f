/** Follows the daemon, and keeps in the view what it says: present, absent, restarted, or the bus gone. */
import type { Client, DaemonSignal } from '../../dbus/client.js';
import { keepFollowing } from '../../dbus/keep-following.js';
import { readReason, type Snapshot } from '../../dbus/snapshot.js';
import type { Tunnel } from '../shared/view.js';
import type { EventLog } from './event-log.js';
import type { Store } from './store.js';

export class DaemonLink {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #end = new AbortController();
  #client: Client | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
  }

  /** Who can be asked now; undefined while there is no bus. */
  get client(): Client | undefined {
    return this.#client;
  }

  begin(): void {
    const listener = {
      connected: (client: Client) => {
        this.#client = client;
      },
      lost: ({ sentence }: { readonly sentence: string }) => this.#takeLoss(sentence),
      snapshot: (snapshot: Snapshot | undefined) => this.#takeSnapshot(snapshot),
      signal: (signal: DaemonSignal) => this.#takeSignal(signal),
    };
    this.#ended = keepFollowing(listener, this.#end.signal);
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }

  #show(tunnel: Tunnel): void {
    const before = this.#store.view.tunnel.presence;
    // Another daemon may be asked, under another policy.
    const denied = tunnel.presence === before ? this.#store.view.denied : [];
    this.#store.change({ tunnel, denied });
    if (tunnel.presence !== before) this.#logPresence(tunnel, before);
  }

  #logPresence(tunnel: Tunnel, before: Tunnel['presence']): void {
    if (tunnel.presence === 'no-bus') this.#log.add({ kind: 'bus', isPresent: false });
    else if (before === 'no-bus') this.#log.add({ kind: 'bus', isPresent: true });
    if (tunnel.presence === 'no-daemon') this.#log.add({ kind: 'daemon', isPresent: false, version: undefined });
    if (tunnel.presence !== 'present') return;
    const { state, version, reason } = tunnel.snapshot;
    this.#log.add({ kind: 'daemon', isPresent: true, version });
    this.#log.add({ kind: 'state', state, previous: '', reason });
  }

  #takeLoss(sentence: string): void {
    this.#client = undefined;
    this.#show({ presence: 'no-bus', sentence });
  }

  #takeSnapshot(snapshot: Snapshot | undefined): void {
    if (snapshot === undefined) void this.#takeAbsence();
    else this.#show({ presence: 'present', snapshot });
  }

  async #takeAbsence(): Promise<void> {
    const client = this.#client;
    this.#show({ presence: 'no-daemon', isActivatable: false });
    const isActivatable = (await client?.isActivatable()) ?? false;
    // It may have come in the meantime, or the bus may have gone.
    if (isActivatable && this.#store.view.tunnel.presence === 'no-daemon') {
      this.#show({ presence: 'no-daemon', isActivatable });
    }
  }

  #takeSignal(signal: DaemonSignal): void {
    switch (signal.name) {
      case 'StateChanged': {
        const [state, previous, reason] = signal.body;
        this.#log.add({ kind: 'state', state, previous, reason: readReason(reason) });
        return;
      }
      case 'AddressChanged': {
        const [address, previous] = signal.body;
        this.#log.add({ kind: 'address', address: address || undefined, previous: previous || undefined });
        return;
      }
      case 'ServerChanged': {
        const [server, previous, [code, sentence]] = signal.body;
        const names = { server: server || undefined, previous: previous || undefined };
        this.#log.add({ kind: 'server', ...names, reason: { code, sentence } });
        return;
      }
      // The state says it too; progress is told to who asked.
      case 'QualificationChanged':
      case 'ProbeProgress':
      case 'DiagnoseProgress':
        return;
    }
  }
}
