import { existsSync } from 'node:fs';

/** Electron's NativeImage: of a file that is there. */
export interface StandInImage {
  readonly path: string;
}

export const nativeImage = {
  createFromPath(path: string): StandInImage {
    // Electron would give an empty image, and an icon that is not to be seen.
    if (!existsSync(path)) throw new Error(`stand-in: there is no icon ${path}`);
    return { path };
  },
};
