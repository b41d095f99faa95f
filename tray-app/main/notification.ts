/** Notifications by the desktop's own daemon. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NotifySend } from 'node-notifier';
import type { NoticeText } from './notice-text.js';

/** Seconds that a notification stays. */
const STAY = 10;

/** node-notifier runs this. */
const PROGRAM = 'notify-send';

export type Complain = (sentence: string) => void;

export class Notifier {
  readonly #icon: string;
  readonly #complain: Complain;
  readonly #sender = new NotifySend();

  constructor(icon: string, complain: Complain) {
    this.#icon = icon;
    this.#complain = complain;
  }

  show({ title, body }: NoticeText): void {
    // Without it node-notifier would be silent.
    if (!isInstalled(PROGRAM)) {
      this.#complain(`Notifications need the program ${PROGRAM} (Debian: libnotify-bin).`);
      return;
    }
    const notification = { title, message: asMarkup(body), icon: this.#icon, 'app-name': 'Miredo', timeout: STAY };
    this.#sender.notify(notification, (error) => {
      // Whatever its types say, it is undefined when all is well.
      if (error instanceof Error) this.#complain(`A notification could not be shown: ${error.message}`);
    });
  }
}

/** The body of a notification is markup, and a server's name is somebody else's text. */
export function asMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
