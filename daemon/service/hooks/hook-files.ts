/**
 * Which files are hooks: only what nobody but root can have put there or can change, since the daemon runs it.
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Fixed: nobody names another, neither on the bus nor in the environment nor in the configuration. */
export const HOOKS_FOLDER = '/etc/miredo/hooks.d';
/** Within it: what is to run as root. */
export const ROOT_FOLDER = 'root.d';

export interface Hook {
  readonly path: string;
  /** Otherwise it runs as the user of the engine. */
  readonly asRoot: boolean;
}

/** A file or folder that is not run, and what to do about it. */
export interface Refusal {
  readonly path: string;
  readonly sentence: string;
}

export interface Found {
  /** In the order in which they run: by name, those without privilege first. */
  readonly hooks: readonly Hook[];
  readonly refused: readonly Refusal[];
}

/** As of run-parts(8): no dot, so no file that an editor or dpkg has put aside. */
const NAME = /^[A-Za-z0-9_-]+$/;
const WRITABLE_BY_OTHERS = 0o022;
const CHANGES_USER = 0o6000;
const EXECUTABLE = 0o100;

/** No folder is no hooks. */
export function findHooks(folder = HOOKS_FOLDER): Found {
  if (look(folder) === undefined) return { hooks: [], refused: [] };
  const refusal = refuseFolders(folder);
  if (refusal !== undefined) return { hooks: [], refused: [refusal] };
  const plain = hooksIn(folder, false);
  const rootFolder = join(folder, ROOT_FOLDER);
  if (look(rootFolder) === undefined) return plain;
  const sentence = faultOfFolder(rootFolder);
  if (sentence !== undefined) {
    return { hooks: plain.hooks, refused: [...plain.refused, { path: rootFolder, sentence }] };
  }
  const privileged = hooksIn(rootFolder, true);
  return { hooks: [...plain.hooks, ...privileged.hooks], refused: [...plain.refused, ...privileged.refused] };
}

/** Whoever may write to a folder above can put another in the place of the one below. */
function refuseFolders(folder: string): Refusal | undefined {
  if (dirname(folder) !== folder) {
    const above = refuseFolders(dirname(folder));
    if (above !== undefined) return above;
  }
  const sentence = faultOfFolder(folder);
  return sentence === undefined ? undefined : { path: folder, sentence };
}

function hooksIn(folder: string, asRoot: boolean): Found {
  const hooks: Hook[] = [];
  const refused: Refusal[] = [];
  for (const name of readdirSync(folder).sort()) {
    // Hidden files keep an empty folder in a package.
    if (name.startsWith('.') || (!asRoot && name === ROOT_FOLDER)) continue;
    const path = join(folder, name);
    const sentence = faultOfFile(path);
    if (sentence === undefined) hooks.push({ path, asRoot });
    else refused.push({ path, sentence });
  }
  return { hooks, refused };
}

function faultOfFolder(path: string): string | undefined {
  const stats = look(path);
  if (stats?.isDirectory() !== true) return 'is not a folder; make it one (a symbolic link is not followed)';
  return faultOfOwner(stats, path);
}

function faultOfFile(path: string): string | undefined {
  const stats = look(path);
  if (stats === undefined) return 'has gone';
  if (!NAME.test(basename(path))) return 'has a name that is not of letters, digits, "_" and "-" alone; rename it';
  if (!stats.isFile()) return 'is not a regular file; put the file itself there (a symbolic link is not followed)';
  const fault = faultOfOwner(stats, path);
  if (fault !== undefined) return fault;
  if ((stats.mode & CHANGES_USER) !== 0) return `changes its user or group when it runs; chmod ug-s ${path}`;
  return (stats.mode & EXECUTABLE) === 0 ? `is not executable; chmod 755 ${path}, or take it away` : undefined;
}

function faultOfOwner({ uid, mode }: Stats, path: string): string | undefined {
  if (uid !== 0) return `does not belong to root; chown root ${path}`;
  return (mode & WRITABLE_BY_OTHERS) === 0 ? undefined : `can be changed by others than root; chmod go-w ${path}`;
}

const look = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });
