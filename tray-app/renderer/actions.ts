/**
 * What the user can ask for. What becomes of it is in the next view, refusals included, so most answers are not looked
 * at here; only a main process that does not answer at all has to be told by the window itself.
 */
import type { Arguments, Bridge, RequestName, Results } from '../shared/ipc.js';
import type { SettingsChange } from '../shared/settings.js';

export interface Actions {
  readonly start: () => void;
  readonly stop: () => void;
  readonly restart: () => void;
  readonly setServer: (name: string) => void;
  readonly addServer: (name: string, details: Arguments<'addServer'>[1]) => Promise<Results['addServer'] | undefined>;
  readonly removeServer: (name: string) => void;
  readonly probeServers: () => void;
  readonly diagnose: () => void;
  readonly changeSettings: (change: SettingsChange) => Promise<Results['changeSettings'] | undefined>;
  readonly dismissRefusal: () => void;
  /** Whether it is in the clipboard. */
  readonly copy: (text: string) => Promise<boolean>;
  readonly composeReport: (redact: boolean) => Promise<string | undefined>;
  readonly saveReport: (redact: boolean) => Promise<Results['saveReport'] | undefined>;
}

/** `broken` is called when the main process did not answer. */
export function actionsOver(bridge: Bridge, broken: (error: unknown) => void): Actions {
  const ask = async <K extends RequestName>(request: K, ...args: Arguments<K>): Promise<Results[K] | undefined> => {
    try {
      return await bridge.request(request, ...args);
    } catch (error) {
      broken(error);
      return undefined;
    }
  };
  return {
    start: () => void ask('start'),
    stop: () => void ask('stop'),
    restart: () => void ask('restart'),
    setServer: (name) => void ask('setServer', name),
    addServer: (name, details) => ask('addServer', name, details),
    removeServer: (name) => void ask('removeServer', name),
    probeServers: () => void ask('probeServers', []),
    diagnose: () => void ask('diagnose'),
    changeSettings: (change) => ask('changeSettings', change),
    dismissRefusal: () => void ask('dismissRefusal'),
    copy: async (text) => {
      let isCopied = true;
      await bridge.request('copyText', text).catch(() => {
        isCopied = false;
      });
      return isCopied;
    },
    composeReport: (redact) => ask('composeReport', { redact }),
    saveReport: (redact) => ask('saveReport', { redact }),
  };
}
