/** `miredoctl prefer on|off|status`: which of a host's addresses programs use first. The daemon is not asked. */
import { readFileSync } from 'node:fs';
import type { Fault } from '../../dbus/fault.js';
import { GAI_CONF, type Preference, preferenceIn } from '../prefer/block.js';
import type { Setting } from './calling.js';
import { EXIT, type ExitCode, exitCodeOfFault } from './exit-codes.js';
import { errorJson } from './json.js';
import type { PreferRequest } from './prefer-command-line.js';
import { type Faulty, runPreferProgram } from './prefer-program.js';
import { complaint } from './remedies.js';
import type { Screen } from './screen.js';
import { SCHEMA_VERSION } from './status-json.js';
import { printable } from './terminal.js';

/** What went wrong, by its code and a sentence. */
type Trouble = Pick<Fault, 'sentence'> & { readonly code: string };

export async function prefer({ command, json }: PreferRequest, setting: Setting): Promise<ExitCode> {
  const { screen } = setting;
  if (command === 'prefer status') {
    const preference = readPreference();
    screen.out(json ? preferJson(preference) : preferText(preference));
    return preference.isPreferred ? EXIT.ok : EXIT.notPreferred;
  }
  const changed = await runPreferProgram(command === 'prefer on' ? 'on' : 'off', setting.askPassword);
  const preference = readPreference();
  if (changed.ok) {
    screen.out(json ? preferJson(preference, changed.isChanged) : doneText(preference, changed.isChanged));
    return EXIT.ok;
  }
  const trouble: Trouble = 'fault' in changed ? changed.fault : changed;
  if (json) screen.out(preferJson(preference, false, trouble));
  else tell(screen, changed);
  return 'fault' in changed ? exitCodeOfFault(changed.fault) : EXIT.failure;
}

function tell(screen: Screen, changed: Faulty | Trouble): void {
  if (!('fault' in changed)) screen.err(`miredoctl: ${printable(changed.sentence)}\n`);
  else if (changed.fault.code === 'dismissed') screen.err('miredoctl: Cancelled; nothing was done.\n');
  else screen.err(`miredoctl: ${complaint(changed.fault)}\n`);
}

function readPreference(): Preference {
  try {
    return preferenceIn(readFileSync(GAI_CONF, 'latin1'));
  } catch {
    // The C library takes its built-in tables then.
    return preferenceIn();
  }
}

export function preferJson(
  { isSet, isPreferred, ownLines }: Preference,
  changed: boolean | undefined = undefined,
  trouble: Trouble | undefined = undefined,
): string {
  const error = trouble === undefined ? null : errorJson({ name: '', ...trouble } as Fault);
  const object = {
    schemaVersion: SCHEMA_VERSION,
    preferred: isPreferred,
    set: isSet,
    file: GAI_CONF,
    ownLines,
    ...(changed === undefined ? {} : { changed }),
    error,
  };
  return `${JSON.stringify(object, undefined, 2)}\n`;
}

export function preferText({ isSet, isPreferred, ownLines }: Preference): string {
  const order = isPreferred
    ? 'Programs use the tunnel before IPv4, for names that have both.'
    : 'Programs use IPv4 before the tunnel, for names that have both: the tunnel is the last resort.';
  const origin = isSet ? `Set by miredoctl prefer on, in ${GAI_CONF}.` : '';
  const own = ownLines.length === 0 ? '' : `${GAI_CONF} has lines of its own about it: ${ownLines.join(', ')}.`;
  return `${[order, origin, own].filter((line) => line !== '').join('\n')}\n`;
}

const AGAIN = 'Programs that run already read it when they are started again.';

function doneText(preference: Preference, isChanged: boolean): string {
  const [order = ''] = preferText(preference).split('\n');
  return isChanged ? `${order}\n${AGAIN}\n` : `Nothing had to be changed. ${order}\n`;
}
