/**
 * What runs in the page before its own scripts: the app's preload, unchanged, with the two parts of `electron` that a
 * preload in the sandbox may have. There is no world of its own here: isolation is not what this can test.
 */
import { readFileSync } from 'node:fs';

export const INVOKE = '__standInInvoke';
export const EMIT = '__standInEmit';

export function preloadScript(file: string): string {
  return `(() => {
    if (window.top !== window) return;
    const listeners = new Map();
    const missing = (name, object) => new Proxy(object, { get(target, key) {
      if (key in target || typeof key === 'symbol') return target[key];
      throw new Error('stand-in: electron\\'s ' + name + '.' + key + ' is not provided for');
    } });
    const invoke = window.${INVOKE};
    delete window.${INVOKE};
    window.${EMIT} = (channel, args) => {
      for (const listener of [...(listeners.get(channel) ?? [])]) listener({ senderId: 0 }, ...args);
    };
    const electron = missing('preload', {
      contextBridge: missing('contextBridge', {
        exposeInMainWorld: (name, object) => Object.defineProperty(window, name, { value: Object.freeze({ ...object }) }),
      }),
      ipcRenderer: missing('ipcRenderer', {
        invoke: (channel, ...args) => invoke(channel, args),
        on: (channel, listener) => listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener)),
        off: (channel, listener) => listeners.get(channel)?.delete(listener),
      }),
    });
    const require = (name) => {
      if (name !== 'electron') throw new Error('a preload in the sandbox may not require ' + name);
      return electron;
    };
    const module = { exports: {} };
    ((exports) => {
${readFileSync(file, 'utf8')}
    })(module.exports);
  })();`;
}
