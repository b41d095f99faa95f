/** Programs of the system, by the places where distributions put them: PATH is not to be trusted as root. */
import { accessSync, constants } from 'node:fs';

/** The first of the files that can be run. */
export const firstExecutable = (files: readonly string[]): string | undefined => files.find(isExecutable);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
