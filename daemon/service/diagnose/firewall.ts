/** Step: the tunnel passes the NAT, which kept strangers off until now. Does something else? (CVE-2006-6265) */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { findSystemProgram } from '../../io/find-program.js';
import { formatPorts, type OpenPorts } from '../../io/firewall-commands.js';
import { askNft } from '../../io/nft.js';
import { type Guard, isShut, judgeRuleset, keeperOf, refusedBeside, together } from './firewall-rules.js';
import { judgeLegacyRules } from './legacy-rules.js';
import { type Finding, type Question, type Scene, text } from './steps.js';

/** Tables of the older rules that the kernel has; not there when it knows of none. Root's to read. */
const LEGACY_TABLES = '/proc/self/net/ip6_tables_names';
/** Milliseconds. */
const TIMEOUT = 5_000;
/** BOUNDED: bytes of rules that are read; more are not judged. */
const OUTPUT_LIMIT = 8 * 1024 * 1024;

export const FIREWALL: Question = { id: 'firewall', doing: 'Looking at the firewall', ask: askFirewall };

type Looked =
  | { readonly ok: true; readonly guard: Guard; readonly json?: string }
  | { readonly ok: false; readonly sentence: string };

interface Around {
  readonly guard: Guard;
  /** Why some of the rules could not be read. */
  readonly unknown: string | undefined;
  /** What nft(8) lists; empty when it does not. */
  readonly json: string;
  /** The older rules refuse everything. */
  readonly isLegacyShut: boolean;
}

async function askFirewall({ facts }: Scene): Promise<Finding> {
  const name = facts?.interfaceName;
  if (name === undefined) return { verdict: 'skipped', sentence: 'There is no interface to look at.' };
  const { guard, unknown, json, isLegacyShut } = await lookAround(name);
  // What refuses everything is enough, whatever else there may be.
  if (unknown !== undefined && guard.rest !== 'refused') return { verdict: 'skipped', sentence: unknown };
  const { table, wanted = [] } = facts?.firewall ?? {};
  if (table === undefined || guard.rest !== 'refused') return judgeGuard(guard, name);
  const shut = isLegacyShut ? wanted : refusedBeside(json, name, table, wanted);
  return shut.length === 0 ? ownFinding(name, wanted) : shutFinding(name, shut, keeperOf(json));
}

/** Our rules are there, and work: what they let in need not be counted, it is known. */
function ownFinding(name: string, open: readonly OpenPorts[]): Finding {
  const ports = open.map(formatPorts);
  const exceptions = ['ping', ...ports].join(', ');
  return {
    verdict: 'ok',
    sentence: `The tunnel's own firewall refuses what comes in by ${name} unasked, but for ${exceptions}.`,
    facts: { rest: text('refused'), open: { signature: 'as', value: ports } },
  };
}

/** A rule that accepts does not override those of others: who opens a port here may wonder why nobody gets in. */
function shutFinding(name: string, shut: readonly OpenPorts[], keeper: ReturnType<typeof keeperOf>): Finding {
  const ports = shut.map(formatPorts);
  const whose = keeper === undefined ? 'other rules of this computer' : `the rules of ${keeper}`;
  return {
    verdict: 'warning',
    sentence: `The tunnel's own firewall lets in ${ports.join(', ')} by ${name}, but ${whose} refuse that: nobody of the IPv6 Internet gets in.`,
    ...remedyOf(name, shut, keeper),
    facts: { rest: text('refused'), shut: { signature: 'as', value: ports } },
  };
}

function remedyOf(
  name: string,
  shut: readonly OpenPorts[],
  keeper: ReturnType<typeof keeperOf>,
): { readonly remedy: string; readonly command: string } {
  if (keeper === 'ufw') {
    const range = ({ first, last }: OpenPorts): string => (first === last ? String(first) : `${first}:${last}`);
    const rules = shut.map((one) => `ufw allow in on ${name} to any port ${range(one)} proto ${one.protocol}`);
    return { remedy: 'Let it in there too, by this interface alone.', command: rules.join(' && ') };
  }
  if (keeper === 'firewalld') {
    const words = shut.map((one) => `--add-port=${formatPorts(one)}`).join(' ');
    const remedy = `Let it in there too. The command does so in the default zone, which ${name} belongs to unless it has been given another one (--zone=ZONE), and which other interfaces may belong to as well.`;
    return { remedy, command: `firewall-cmd --permanent ${words} && firewall-cmd --reload` };
  }
  return { remedy: `Accept it by ${name} there too, before the rest is refused.`, command: 'nft list ruleset' };
}

/** What becomes of a packet that no rule names; undefined when it cannot be told. */
export async function restOf(name: string): Promise<Guard['rest'] | undefined> {
  const { guard, unknown } = await lookAround(name);
  return unknown === undefined || guard.rest === 'refused' ? guard.rest : undefined;
}

async function lookAround(name: string): Promise<Around> {
  const [nftables, legacy] = [await lookAtNftables(name), await lookAtLegacy()];
  const looks = [nftables, legacy].filter((look) => look !== undefined);
  return {
    guard: together(looks.flatMap((look) => (look.ok ? [look.guard] : []))),
    unknown: looks.flatMap((look) => (look.ok ? [] : [look.sentence]))[0],
    json: nftables.ok ? (nftables.json ?? '') : '',
    isLegacyShut: legacy?.ok === true && isShut(legacy.guard),
  };
}

export function judgeGuard({ rest, exceptions }: Guard, name: string): Finding {
  const facts = { rest: text(rest) };
  const rules = `${exceptions} ${exceptions === 1 ? 'rule' : 'rules'}`;
  const remedy = `Refuse what comes in by ${name} and belongs to no connection, before other rules accept it.`;
  if (rest === 'refused') {
    const but = exceptions === 0 ? '' : `, but for what ${rules} may let in`;
    return { verdict: 'ok', sentence: `The firewall refuses what comes in by ${name} unasked${but}.`, facts };
  }
  if (rest === 'unclear') {
    const sentence = `There are firewall rules, but what they come to for ${name} cannot be told from here: see for yourself what the IPv6 Internet can reach through it.`;
    return { verdict: 'warning', sentence, command: 'nft list ruleset', facts };
  }
  if (exceptions > 0) {
    const sentence = `The firewall accepts what comes in by ${name} unasked, but for what ${rules} may refuse: through the tunnel the IPv6 Internet reaches the other services of this computer, NAT or not.`;
    return { verdict: 'warning', sentence, remedy, facts };
  }
  return {
    verdict: 'warning',
    sentence: `No firewall rule refuses anything that comes in by ${name}: through the tunnel the IPv6 Internet reaches every service of this computer, NAT or not.`,
    remedy: 'Set "Firewall yes" in miredo.conf(5) and reload the daemon: it refuses what comes in unasked.',
    facts,
  };
}

async function lookAtNftables(name: string): Promise<Looked> {
  if (findSystemProgram('nft') === undefined) {
    return { ok: false, sentence: 'The firewall rules cannot be read: nft(8) is not installed.' };
  }
  const json = await askNft(['-j', 'list', 'ruleset']);
  const guard = json === undefined ? undefined : judgeRuleset(json, name);
  return json === undefined || guard === undefined
    ? { ok: false, sentence: 'The firewall rules cannot be read: nft(8) does not show them.' }
    : { ok: true, guard, json };
}

/** undefined where there are no such rules. */
async function lookAtLegacy(): Promise<Looked | undefined> {
  const tables = readTables();
  if (tables === undefined) {
    return { ok: false, sentence: 'There may be rules of the older ip6tables(8), which only root can read.' };
  }
  if (!tables.split('\n').includes('filter')) return undefined;
  const program = findSystemProgram('ip6tables-legacy-save');
  const rules = program === undefined ? undefined : await output(program, ['-t', 'filter']);
  const guard = rules === undefined ? undefined : judgeLegacyRules(rules);
  return guard === undefined
    ? { ok: false, sentence: 'There are rules of the older ip6tables(8), which cannot be read.' }
    : { ok: true, guard };
}

/** undefined when it fails, takes too long or says too much. Its arguments are ours alone. */
const output = (program: string, words: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const options = {
      cwd: '/',
      env: { LC_ALL: 'C' },
      timeout: TIMEOUT,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_LIMIT,
    } as const;
    execFile(program, words, options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });

/** undefined when it may not be read. */
function readTables(): string | undefined {
  try {
    return readFileSync(LEGACY_TABLES, 'latin1');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : undefined;
  }
}
