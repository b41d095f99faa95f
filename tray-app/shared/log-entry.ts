/** What has happened, as the window lists it and a problem report tells it: codes and values, put into words there. */
import type { NoticeKind } from './settings.js';
import type { Task } from './view.js';

interface Cause {
  readonly code: string;
  /** The daemon's own, in English. */
  readonly sentence: string;
}

export type Happening =
  | { readonly kind: 'bus'; readonly isPresent: boolean }
  | { readonly kind: 'daemon'; readonly isPresent: boolean; readonly version: string | undefined }
  | {
      readonly kind: 'state';
      readonly state: string;
      readonly previous: string;
      readonly reason: Cause | undefined;
    }
  | { readonly kind: 'address'; readonly address: string | undefined; readonly previous: string | undefined }
  | {
      readonly kind: 'server';
      readonly server: string | undefined;
      readonly previous: string | undefined;
      readonly reason: Cause;
    }
  | { readonly kind: 'request'; readonly task: Task; readonly subject: string | undefined }
  | { readonly kind: 'refusal'; readonly task: Task; readonly subject: string | undefined; readonly reason: Cause }
  | { readonly kind: 'notice'; readonly notice: NoticeKind };

export type LogEntry = Happening & {
  /** Rising, without holes. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
};

export type LogKind = Happening['kind'];
export const LOG_KINDS: readonly LogKind[] = [
  'bus',
  'daemon',
  'state',
  'address',
  'server',
  'request',
  'refusal',
  'notice',
];
