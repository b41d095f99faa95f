/** Step: the tunnel passes the NAT, which kept strangers off until now. Does something else? (CVE-2006-6265) */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { judgeRuleset } from './firewall-rules.js';
import type { Finding, Question, Scene } from './steps.js';

const PLACES = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'];
/** Milliseconds. */
const TIMEOUT = 5_000;
/** BOUNDED: bytes of rules that are read; more are not judged. */
const OUTPUT_LIMIT = 8 * 1024 * 1024;

export const FIREWALL: Question = { id: 'firewall', doing: 'Looking at the firewall', ask: askFirewall };

async function askFirewall({ facts }: Scene): Promise<Finding> {
  const name = facts?.interfaceName;
  if (name === undefined) return { verdict: 'skipped', sentence: 'There is no interface to look at.' };
  const program = PLACES.find(isExecutable);
  if (program === undefined) return { verdict: 'skipped', sentence: 'The rules cannot be read: nft(8) is not there.' };
  const json = await output(program, ['-j', 'list', 'ruleset']);
  if (json === undefined) return { verdict: 'skipped', sentence: 'nft(8) does not show the rules.' };
  switch (judgeRuleset(json, name)) {
    case 'refused':
      return { verdict: 'ok', sentence: `The firewall refuses what comes in by ${name} unasked.` };
    case 'mixed':
      return {
        verdict: 'warning',
        sentence: `There are rules for what comes in, but they accept what none of them names: see whether that is right for ${name}, which the IPv6 Internet can reach.`,
        remedy: `Refuse what comes in by ${name} and belongs to no connection.`,
      };
    case 'open':
      return {
        verdict: 'warning',
        sentence: `No firewall rule concerns ${name}: through the tunnel the IPv6 Internet reaches every service of this computer, NAT or not.`,
        remedy: `Refuse what comes in by ${name} and belongs to no connection.`,
        command: `nft 'table inet miredo { chain input { type filter hook input priority 0; iifname "${name}" ct state established,related accept; iifname "${name}" meta l4proto ipv6-icmp accept; iifname "${name}" drop; } }'`,
      };
    case undefined:
      return { verdict: 'skipped', sentence: 'What nft(8) shows of the rules cannot be read.' };
  }
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

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
