/** Where the system has its programs: in folders that only root can write to, and never by PATH. */
import { accessSync, constants } from 'node:fs';

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

/** The path of a program that can be run; undefined when it is not installed. */
export const findSystemProgram = (name: string): string | undefined =>
  FOLDERS.map((folder) => `${folder}/${name}`).find(isExecutable);

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
