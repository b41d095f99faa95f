/** The window's requests: only from our page, in our window, and only with arguments that the schema allows. */
import { type IpcMainInvokeEvent, ipcMain } from 'electron';
import * as v from 'valibot';
import { type Handlers, REQUEST_NAMES, REQUESTS, type RequestName, requestChannel } from '../../shared/ipc.js';
import { ORIGIN } from './pages.js';

type IsOwn = (contents: IpcMainInvokeEvent['sender']) => boolean;

export function answerRequests(handlers: Handlers, isOwn: IsOwn): void {
  for (const name of REQUEST_NAMES) {
    ipcMain.handle(requestChannel(name), (event, words: unknown) => {
      if (!isFromPage(event) || !isOwn(event.sender)) throw new Error(`${name} was asked for by somebody else.`);
      return call(handlers, name, words);
    });
  }
}

/** The page itself, and no frame in it. */
function isFromPage({ senderFrame }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.url.startsWith(`${ORIGIN}/`);
}

function call(handlers: Handlers, name: RequestName, words: unknown): unknown {
  const read = v.safeParse(REQUESTS[name], words);
  if (!read.success) throw new Error(`${name} does not take these arguments.`);
  // The schema of this name has just accepted them.
  const handler = handlers[name] as (...args: readonly unknown[]) => unknown;
  return handler(...read.output);
}
