/** Step: would applications use the tunnel? Which of a host's addresses comes first is the C library's to say. */
import { readFileSync } from 'node:fs';
import { readHostAddresses } from '../../io/interfaces.js';
import { formatIpv4, type Ipv4Address } from '../../wire/ipv4.js';
import { type Ipv6Address, parseIpv6 } from '../../wire/ipv6.js';
import { goesBefore, LABELS_WITHOUT_TEREDO, readGaiConf, type Tables, type Way, withoutTeredo } from './gai-conf.js';
import { type Finding, type Question, type Scene, truth } from './steps.js';

const GAI_CONF = '/etc/gai.conf';
/** A host somewhere, with both kinds of addresses. */
const SOME_IPV6 = parseIpv6('2600::1') as Ipv6Address;
const SOME_IPV4 = mapped(0x08080808 as Ipv4Address);
const SOME_TEREDO = parseIpv6('2001:0:cb00:710a::1') as Ipv6Address;

export const PREFERENCE: Question = {
  id: 'preference',
  doing: 'Looking at what applications prefer',
  ask: askPreference,
};

function askPreference({ state, facts }: Scene): Finding {
  const { hasNativeIpv6, ipv4 } = readHostAddresses(facts === undefined ? [] : [facts.interfaceName]);
  if (hasNativeIpv6) {
    return {
      verdict: 'ok',
      sentence: 'The network has IPv6 of its own, and applications use that before the tunnel, as they should.',
      facts: { native: truth(true) },
    };
  }
  const [own] = ipv4;
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
    return { verdict: 'ok', sentence: 'Applications use the tunnel for every name that has an IPv6 address.', facts };
  }
  const sentence =
    'Browsers and most other applications use IPv4 for names that have both IPv4 and IPv6, and the tunnel only for names that have nothing but IPv6: Teredo is the last resort (RFC 6724).';
  const canAppend = !tables.hasLabels && isTunnelFirst(withoutTeredo(tables), teredo, own);
  return { verdict: 'warning', sentence, facts, ...(canAppend ? TO_APPEND : TO_EDIT) };
}

/** Where rules 5 and 6 say nothing the order is nobody's, and IPv4 comes first as often as not. */
function isTunnelFirst(tables: Tables, teredo: Ipv6Address, own: Ipv6Address): boolean {
  const tunnel: Way = { source: teredo, destination: SOME_IPV6 };
  const plain: Way = { source: own, destination: SOME_IPV4 };
  return goesBefore(tables, tunnel, plain) === true;
}

const LINES = LABELS_WITHOUT_TEREDO.map(([prefix, label]) => `label ${prefix} ${label}`);

const TO_APPEND = {
  remedy: `Nothing needs to be done. To prefer the tunnel all the same, add the built-in labels but Teredo's to ${GAI_CONF} (as root), and start the programs again.`,
  command: `printf '%s\\n' ${LINES.map((line) => `'${line}'`).join(' ')} >> ${GAI_CONF}`,
};

/** What is in the file already is somebody's intention. */
const TO_EDIT = {
  remedy: `Nothing needs to be done. To prefer the tunnel all the same, edit ${GAI_CONF}: 2001::/32 needs the same label as ::/0, and ::/0 a higher precedence than ::ffff:0:0/96.`,
};

/** The C library looks at IPv4 addresses as ::ffff:a.b.c.d. */
export function mapped(address: Ipv4Address): Ipv6Address {
  return parseIpv6(`::ffff:${formatIpv4(address)}`) ?? (new Uint8Array(16) as Ipv6Address);
}

/** Without the file the built-in tables hold. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
