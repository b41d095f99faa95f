/** Memory that a program's start has touched, and that is hardly touched again. */
import { loadAddon } from './native-addon.js';

/** Milliseconds: by then a program that has started waits, or does what it will do from then on. */
const AFTER = 2000;

/**
 * To be called when the program works. Nine tenths of what a Node.js process keeps resident are pages of its executable
 * that compiler, module loader and the like have run through once: they are unmapped, and those that are needed come
 * back from the page cache.
 */
export function releaseStartUpPages(): void {
  setTimeout(() => loadAddon().releaseStartUpPages(), AFTER).unref();
}
