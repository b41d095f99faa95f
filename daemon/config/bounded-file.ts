/** Reading an administrator's file without being held up by what is not one, or by one that is huge. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** BOUNDED: bytes of a file of ours; they are written by hand. */
const SIZE_LIMIT = 65_536;

export type BoundedText =
  | { readonly ok: true; readonly text: string }
  /** `errno` is empty when the file was found and is not taken. */
  | { readonly ok: false; readonly errno: string; readonly problem: string };

export function readBounded(file: string): BoundedText {
  let descriptor: number | undefined;
  try {
    // A pipe would keep us waiting for a writer.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (stats.isFile() && stats.size <= SIZE_LIMIT) return { ok: true, text: readFileSync(descriptor, 'utf8') };
    const problem = stats.isFile() ? `is larger than ${SIZE_LIMIT} bytes; split it` : 'is not a regular file';
    return { ok: false, errno: '', problem: `the file ${problem}` };
  } catch (error) {
    const errno = errnoOf(error);
    return { ok: false, errno, problem: `cannot read the file: ${errno}` };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Anything else is no error of the system's, and is thrown on. */
export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}
