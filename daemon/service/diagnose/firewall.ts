/** Step: the tunnel passes the NAT, which kept strangers off until now. Does something else? (CVE-2006-6265) */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { firstExecutable } from '../../io/find-program.js';
import { type Guard, judgeRuleset, together } from './firewall-rules.js';
import { judgeLegacyRules } from './legacy-rules.js';
import { type Finding, type Question, type Scene, text } from './steps.js';

const FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin'];
/** Tables of the older rules that the kernel has; not there when it knows of none. Root's to read. */
const LEGACY_TABLES = '/proc/self/net/ip6_tables_names';
/** Milliseconds. */
const TIMEOUT = 5_000;
/** BOUNDED: bytes of rules that are read; more are not judged. */
const OUTPUT_LIMIT = 8 * 1024 * 1024;

export const FIREWALL: Question = { id: 'firewall', doing: 'Looking at the firewall', ask: askFirewall };

type Looked = { readonly ok: true; readonly guard: Guard } | { readonly ok: false; readonly sentence: string };

async function askFirewall({ facts }: Scene): Promise<Finding> {
  const name = facts?.interfaceName;
  if (name === undefined) return { verdict: 'skipped', sentence: 'There is no interface to look at.' };
  const looks = [await lookAtNftables(name), await lookAtLegacy()].filter((look) => look !== undefined);
  const guards = looks.flatMap((look) => (look.ok ? [look.guard] : []));
  const guard = together(guards);
  const [unknown] = looks.filter((look) => !look.ok);
  // What refuses everything is enough, whatever else there may be.
  if (unknown !== undefined && guard.rest !== 'refused') return { verdict: 'skipped', sentence: unknown.sentence };
  return judgeGuard(guard, name);
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
    remedy: `Refuse what comes in by ${name} and belongs to no connection. The command does it (as root) until this computer is started again; /etc/nftables.conf is for ever.`,
    command: `nft 'table inet miredo { chain input { type filter hook input priority 0; iifname "${name}" ct state established,related accept; iifname "${name}" meta l4proto ipv6-icmp accept; iifname "${name}" drop; }; }'`,
    facts,
  };
}

async function lookAtNftables(name: string): Promise<Looked> {
  const program = find('nft');
  if (program === undefined) {
    return { ok: false, sentence: 'The firewall rules cannot be read: nft(8) is not installed.' };
  }
  const json = await output(program, ['-j', 'list', 'ruleset']);
  const guard = json === undefined ? undefined : judgeRuleset(json, name);
  return guard === undefined
    ? { ok: false, sentence: 'The firewall rules cannot be read: nft(8) does not show them.' }
    : { ok: true, guard };
}

/** undefined where there are no such rules. */
async function lookAtLegacy(): Promise<Looked | undefined> {
  const tables = readTables();
  if (tables === undefined) {
    return { ok: false, sentence: 'There may be rules of the older ip6tables(8), which only root can read.' };
  }
  if (!tables.split('\n').includes('filter')) return undefined;
  const program = find('ip6tables-legacy-save');
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

const find = (program: string): string | undefined => firstExecutable(FOLDERS.map((folder) => `${folder}/${program}`));

/** undefined when it may not be read. */
function readTables(): string | undefined {
  try {
    return readFileSync(LEGACY_TABLES, 'latin1');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : undefined;
  }
}
