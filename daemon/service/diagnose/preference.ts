/** Step: would applications use the tunnel? Which of a host's addresses comes first is the C library's to say. */
import { readFileSync } from 'node:fs';
import { readHostAddresses } from '../../io/interfaces.js';
import { hasNativeIpv6 } from '../../io/native-ipv6.js';
import { GAI_CONF } from '../../prefer/block.js';
import { readGaiConf, type Tables, withoutTeredo } from '../../prefer/gai-conf.js';
import { isTunnelFirst, mapped, SOME_TEREDO } from '../../prefer/order.js';
import type { Ipv6Address } from '../../wire/ipv6.js';
import { type Finding, type Question, type Scene, truth } from './steps.js';

export const PREFERENCE: Question = {
  id: 'preference',
  doing: 'Looking at what applications prefer',
  ask: askPreference,
};

function askPreference({ state, facts }: Scene): Finding {
  const tunnel = facts?.interfaceName ?? '';
  if (hasNativeIpv6(tunnel)) {
    return {
      verdict: 'ok',
      sentence: 'The network has IPv6 of its own, and applications use that before the tunnel, as they should.',
      facts: { native: truth(true) },
    };
  }
  const [own] = readHostAddresses([tunnel]).ipv4;
  if (own === undefined) return { verdict: 'skipped', sentence: 'Without IPv4 there is nothing to prefer.' };
  const tables = readGaiConf(readOrEmpty(GAI_CONF));
  const source = state.name === 'qualified' ? state.address : SOME_TEREDO;
  return judgePreference(tables, source, mapped(own));
}

/** For names that have both an IPv6 and an IPv4 address, with these sources. */
export function judgePreference(tables: Tables, teredo: Ipv6Address, own: Ipv6Address): Finding {
  const isFirst = isTunnelFirst(tables, teredo, own);
  const facts = { native: truth(false), preferred: truth(isFirst) };
  if (isFirst) {
    const sentence =
      'Applications use the tunnel for every name that has an IPv6 address, but for those that leave Teredo alone by themselves, as Chromium does.';
    return { verdict: 'ok', sentence, facts };
  }
  const sentence =
    'Browsers and most other applications use IPv4 for names that have both IPv4 and IPv6, and the tunnel only for names that have nothing but IPv6: Teredo is the last resort (RFC 6724).';
  const canSwitch = !tables.hasLabels && isTunnelFirst(withoutTeredo(tables), teredo, own);
  return { verdict: 'warning', sentence, facts, ...(canSwitch ? TO_SWITCH : TO_EDIT) };
}

const TO_SWITCH = {
  remedy:
    'Nothing needs to be done. To prefer the tunnel all the same, have miredoctl change the order of addresses, and start the programs again.',
  command: 'miredoctl prefer on',
};

/** What is in the file already is somebody's intention. */
const TO_EDIT = {
  remedy: `Nothing needs to be done. To prefer the tunnel all the same, edit ${GAI_CONF}: 2001::/32 needs the same label as ::/0, and ::/0 a higher precedence than ::ffff:0:0/96.`,
};

/** Without the file the built-in tables hold. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
