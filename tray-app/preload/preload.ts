/** The window's only way out of its sandbox: what the schema lists, and nothing of Electron itself. */
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import { BRIDGE_NAME, type Bridge, EVENT_NAMES, eventChannel, REQUEST_NAMES, requestChannel } from '../shared/ipc.js';

const bridge: Bridge = {
  request: (request, ...args) => {
    if (!REQUEST_NAMES.includes(request)) return Promise.reject(new Error(`There is no request ${String(request)}.`));
    return ipcRenderer.invoke(requestChannel(request), args);
  },
  on: (event, listener) => {
    if (!EVENT_NAMES.includes(event)) throw new Error(`There is no event ${String(event)}.`);
    // The event itself would give the page a hold on ipcRenderer.
    const pass = (_event: IpcRendererEvent, value: Parameters<typeof listener>[0]): void => listener(value);
    ipcRenderer.on(eventChannel(event), pass);
    return () => ipcRenderer.off(eventChannel(event), pass);
  },
};

contextBridge.exposeInMainWorld(BRIDGE_NAME, bridge);
