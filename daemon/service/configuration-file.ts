/** Reads the configuration file and tells everything that is wrong with it. */
import { readFileSync } from 'node:fs';
import { formatFault } from '../config/fault.js';
import type { Parsed } from '../config/miredo-conf.js';
import type { Log } from './log.js';

/** undefined when the file cannot be used; every fault was logged. */
export function loadConfiguration<Settings>(
  path: string,
  parse: (file: string, text: string) => Parsed<Settings>,
  log: Log,
  isOptional = false,
): Settings | undefined {
  const text = readText(path, log, isOptional);
  if (text === undefined) return undefined;
  const { settings, faults } = parse(path, text);
  for (const fault of faults) log(fault.severity, formatFault(fault));
  return settings;
}

function readText(path: string, log: Log, isOptional: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (isOptional && code === 'ENOENT') return '';
    const remedy = code === 'ENOENT' ? 'there is no such file; name another with -c' : code;
    log('error', `${path}: cannot read the configuration: ${remedy}`);
    return undefined;
  }
}
