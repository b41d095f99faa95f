/** Watches the view and tells what {@link NoticePolicy} finds worth it, as far as the user wants to be told. */
import type { Happening } from '../shared/log-entry.js';
import type { EventLog } from './event-log.js';
import { type Notice, NoticePolicy } from './notice-policy.js';
import { type NoticeText, noticeText } from './notice-text.js';
import type { Store } from './store.js';

export class Notices {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #now: () => number;
  readonly #show: (text: NoticeText) => void;
  readonly #policy = new NoticePolicy();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, log: EventLog, now: () => number, show: (text: NoticeText) => void) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
    this.#show = show;
    let last = store.view.tunnel;
    store.listen(({ tunnel }) => {
      if (tunnel === last) return;
      last = tunnel;
      this.#tell(this.#policy.take(tunnel, this.#now()));
    });
  }

  /** Of the log's entries those of servers are news, which the tunnel's state does not have. */
  take(happening: Happening): void {
    if (happening.kind !== 'server') return;
    const { server = '', previous = '', reason } = happening;
    this.#tell(this.#policy.takeSwitch(server, previous, reason, this.#now()));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #tell(notice: Notice | undefined): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#policy;
    if (deadline !== undefined) {
      const pause = Math.max(0, deadline - this.#now());
      this.#timer = setTimeout(() => this.#tell(this.#policy.due(this.#now())), pause);
    }
    if (notice === undefined || !this.#store.view.settings.notices[notice.kind]) return;
    this.#log.add({ kind: 'notice', notice: notice.kind });
    this.#show(noticeText(notice, this.#store.view.environment.locale));
  }
}
