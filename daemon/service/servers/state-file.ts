/**
 * The file that remembers, /var/lib/miredo/state.ini. It is replaced as a whole: written beside, brought to the disk,
 * renamed; so after a power cut at any moment there is the old one or the new one. A damaged one is put aside.
 */
import { constants, readFileSync, renameSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../log.js';
import { formatState, NOTHING_SAVED, parseState, type SavedState } from './saved-state.js';

export const STATE_FILE = '/var/lib/miredo/state.ini';

export class StateFile {
  readonly #path: string;
  readonly #log: Log;
  /** What is to be in the file. */
  #wanted: SavedState | undefined;
  #running: Promise<string | undefined> | undefined;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** What was saved last; nothing when there is no such file, or none that can be read. Never fatal. */
  load(): SavedState {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT')
        this.#log('error', `${this.#path}: cannot be read (${code}); it is as if it were not there`);
      return NOTHING_SAVED;
    }
    const state = parseState(text);
    if (state !== undefined) return state;
    this.#putAside();
    return NOTHING_SAVED;
  }

  /**
   * Resolves when this state, or a later one, is on the disk: to undefined, or to what is wrong. One write at a time;
   * states overtaken meanwhile are left out.
   */
  async save(state: SavedState): Promise<string | undefined> {
    this.#wanted = state;
    // One that is under way may have begun before; it takes up what has come meanwhile.
    this.#running ??= this.#write();
    return this.#running;
  }

  async #write(): Promise<string | undefined> {
    let problem: string | undefined;
    // The caller has to have set `#running` first.
    await Promise.resolve();
    while (this.#wanted !== undefined) {
      const state = this.#wanted;
      this.#wanted = undefined;
      problem = await this.#replace(formatState(state));
    }
    this.#running = undefined;
    if (problem !== undefined) this.#log('error', problem, { EVENT: 'not-saved' });
    return problem;
  }

  async #replace(text: string): Promise<string | undefined> {
    const folder = dirname(this.#path);
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const temporary = `${this.#path}.new`;
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
      const file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
      // The new name is in the folder, which has to get to the disk as well.
      const directory = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
      return undefined;
    } catch (error) {
      return `${this.#path} cannot be written (${codeOf(error)}): what was chosen is forgotten at the next start`;
    }
  }

  #putAside(): void {
    const aside = `${this.#path}.bad`;
    try {
      renameSync(this.#path, aside);
      const message = `${this.#path} is damaged; it is put aside as ${aside}: choose the server, and start, again`;
      this.#log('error', message, { EVENT: 'state-damaged' });
    } catch (error) {
      this.#log('error', `${this.#path} is damaged, and cannot be put aside: ${codeOf(error)}`);
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}
