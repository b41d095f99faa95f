/** Makes the manual: build/man/*.1, *.5 and *.8 from the sources beside this file and what the programs and the interface on the bus know of themselves. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { MIREDO_DIRECTIVES, SERVER_DIRECTIVES } from '../../daemon/config/directives.js';
import { describeCtl } from '../../daemon/ctl/command-line.js';
import { describeCheckconf } from '../../daemon/service/checkconf-command-line.js';
import { describe } from '../../daemon/service/command-line.js';
import { MIREDO, MIREDO_SERVER } from '../../daemon/service/programs.js';
import { type Interface, parse, SOURCE } from '../../dbus/generate.js';
import type { Table } from './directive-text.js';
import { fill } from './template.js';
import { VALUES } from './values.js';

export interface Page {
  /** Of the file in build/man; the source has ".mdoc" behind it. */
  readonly name: string;
  readonly command?: () => Command;
  readonly table?: Table;
  readonly interface?: () => Interface;
}

export const PAGES: readonly Page[] = [
  { name: 'miredo.8', command: () => describe(MIREDO) },
  { name: 'miredo-server.8', command: () => describe(MIREDO_SERVER) },
  { name: 'miredo-checkconf.8', command: describeCheckconf },
  { name: 'miredoctl.1', command: () => describeCtl() },
  { name: 'miredo-tray.1' },
  { name: 'miredo.conf.5', table: MIREDO_DIRECTIVES },
  { name: 'miredo-server.conf.5', table: SERVER_DIRECTIVES },
  { name: 'miredo-network.conf.5' },
  { name: 'org.miredo.5', interface: () => parse(readFileSync(SOURCE, 'utf8')) },
];

/** Seen from build/packaging/man. */
const SOURCES = fileURLToPath(new URL('../../../packaging/man/', import.meta.url));
export const EXAMPLES: string = join(SOURCES, 'examples');

/** The page in mdoc. */
export function makePage({ name, command, table, interface: described }: Page): string {
  const source = join(SOURCES, `${name}.mdoc`);
  try {
    return fill(readFileSync(source, 'utf8'), {
      values: VALUES,
      ...(command === undefined ? {} : { command: command() }),
      ...(table === undefined ? {} : { table }),
      ...(described === undefined ? {} : { interface: described() }),
      readExample: (file) => readFileSync(join(EXAMPLES, file), 'utf8'),
    });
  } catch (error) {
    throw new Error(`${source}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Writes what is not there as it should be. */
export function writeManual(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const page of PAGES) {
    const file = join(folder, page.name);
    const text = makePage(page);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
}
