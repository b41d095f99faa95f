/** Locks on files, which Node lacks. */
import { loadAddon } from './native-addon.js';

export type LockResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly isHeld: boolean; readonly errno: string };

/** Locks a file that is open for writing, until its descriptor is closed or the process ends, however it ends. */
export function lockDescriptor(fd: number): LockResult {
  const addon = loadAddon();
  const code = addon.lockFile(fd);
  if (code === 0) return { ok: true };
  const errno = addon.errnoName(code);
  return { ok: false, isHeld: errno === 'EAGAIN' || errno === 'EACCES', errno };
}
