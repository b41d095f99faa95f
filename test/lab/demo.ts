/**
 * npm run demo: a whole Teredo internet on this machine, and one client getting its IPv6 address in it.
 */
import { parseArgs } from 'node:util';
import { formatIpv4 } from '../../daemon/wire/ipv4.js';
import { parseIpv6 } from '../../daemon/wire/ipv6.js';
import { parseTeredoAddress } from '../../daemon/wire/teredo-address.js';
import { HTTP_PORT } from './agent-protocol.js';
import { commands } from './demo-commands.js';
import { screen } from './demo-screen.js';
import type { Implementation } from './implementation.js';
import { createLab, type Lab, SERVER_NAME } from './lab.js';
import { isNatType, NAT_TYPES, type NatType } from './nat.js';
import { installMissing, missingSentence } from './needed-programs.js';
import { labAccess, prepareUserNamespace, runInUserNamespace } from './privilege.js';
import type { Program } from './program.js';

const HELP = `npm run demo [-- OPTION…]

Builds a small internet out of network namespaces: a Teredo server, a Teredo relay, a host that speaks IPv6 only
natively, and a client behind a NAT. Then the client gets its IPv6 address and reaches the host. Nothing outside
these namespaces is touched, and all of it is removed at the end.

  --nat TYPE   the NAT in front of the client: ${NAT_TYPES.join(', ')}
               (default: port-restricted, the kind that most homes have)
  --c          play every part with Debian's C miredo instead of the programs of this tree, to compare
  --keep       leave everything up and print commands to play with; Ctrl-C removes it
  --help       this text

It needs Linux, and root or unprivileged user namespaces.`;

interface Options {
  readonly nat: NatType;
  readonly who: Implementation;
  readonly keep: boolean;
}

/** Milliseconds that the client has to qualify before the demo says that it does not. */
const QUALIFY_TIMEOUT = 20_000;
const PING_COUNT = 3;

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      nat: { type: 'string', default: 'port-restricted' },
      c: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return undefined;
  }
  if (!isNatType(values.nat)) throw new Error(`--nat ${values.nat}: choose one of ${NAT_TYPES.join(', ')}`);
  return { nat: values.nat, who: values.c ? 'c' : 'ours', keep: values.keep };
}

function drawing(lab: Lab, nat: NatType): string {
  const { server, relay, host, nats, clients } = lab.topology;
  const lines = [
    `  internet ─┬─ server   ${server.ipv4.join(', ')}`,
    `            ├─ relay    ${relay.ipv4[0]}, carries 2001::/32 for the IPv6 internet`,
    `            ├─ host     ${host.ipv6[0]}`,
    `            └─ NAT      ${nats[0]?.ipv4[0]}, ${nat}`,
    `                 └─ client  ${clients[0]?.ipv4[0]}, no IPv6 of its own`,
  ];
  return lines.join('\n');
}

/** What went wrong has been shown already: the programs' logs would only repeat it. */
class NotQualified extends Error {
  readonly code = 'not-qualified';
}

/** Shows what a program says, line by line, and passes each line on; returns how to stop. */
function follow(program: Program, take: (line: string) => void): () => void {
  let shown = 0;
  const show = (): void => {
    const lines = program.log().split('\n').slice(0, -1);
    for (const line of lines.slice(shown)) {
      const text = line.replace(/^\w[\w-]*(\[\d+\])?: */, '');
      screen.detail(text);
      take(text);
    }
    shown = lines.length;
  };
  const timer = setInterval(show, 5);
  return () => {
    clearInterval(timer);
    show();
  };
}

function explainAddress(text: string): void {
  const address = parseIpv6(text);
  const parts = address && parseTeredoAddress(address);
  if (parts === undefined) return;
  screen.fact('address', text);
  screen.fact('server', `${formatIpv4(parts.server)} (bits 32 to 63)`);
  screen.fact('mapped', `${formatIpv4(parts.mappedAddress)} port ${parts.mappedPort}: what the NAT made of the client`);
}

/** Gives the address, or throws when there is none in time or the client says that there will be none. */
async function qualify(lab: Lab, who: Implementation): Promise<string> {
  screen.step(`the client starts, with server ${SERVER_NAME}`);
  const client = lab.launchClient(0, who, { config: { ServerAddress: SERVER_NAME }, names: true });
  let unfollow = (): void => undefined;
  const failure = new Promise<never>((_, reject) => {
    unfollow = follow(client, (line) => {
      if (/\bfailed: /.test(line)) reject(new NotQualified('the client got no address'));
    });
  });
  try {
    const address = await Promise.race([lab.waitForAddress(client, QUALIFY_TIMEOUT), failure]);
    screen.step(`the client has its address, ${(performance.now() - client.startedAt).toFixed(0)} ms after its start`);
    return address;
  } finally {
    unfollow();
  }
}

const article = (nat: NatType): string => (/^[aeiou]/.test(nat) ? 'an' : 'a');

async function reach(lab: Lab): Promise<string> {
  const client = lab.client(0);
  const address = lab.host.ipv6[0] ?? '';
  screen.step(`ping ${address}`);
  const result = await lab.ping(client, address, { count: PING_COUNT });
  for (const [i, time] of result.times.entries()) screen.detail(`answer ${result.order[i]}: ${time} ms`);
  if (result.received === 0) throw new Error(`no answer to ping\n${result.output}`);
  const url = `http://[${address}]:${HTTP_PORT}/`;
  screen.step(`fetch ${url}`);
  const page = await lab.agent(client).ask('fetch', { url, timeout: 5_000 });
  screen.detail(`${page.status} in ${page.milliseconds.toFixed(1)} ms: ${page.body.trim()}`);
  const median = [...result.times].sort((a, b) => a - b)[Math.floor(result.times.length / 2)];
  return `${result.received} of ${result.sent} pings answered (median ${median} ms), page fetched over IPv6`;
}

async function perform(options: Options): Promise<void> {
  const lab = await createLab({ nats: [options.nat] });
  try {
    screen.step('the internet stands');
    console.log(drawing(lab, options.nat));
    await Promise.all([
      lab.startServer(options.who),
      lab.startRelay(options.who),
      lab.agent(lab.host).ask('serve', {}),
    ]);
    screen.step('server and relay are ready');
    const address = await qualify(lab, options.who);
    explainAddress(address);
    const summary = await reach(lab);
    screen.summary([`client ${address}`, `behind ${article(options.nat)} ${options.nat} NAT: ${summary}`]);
    if (options.keep) await keep(lab);
  } catch (error) {
    if (!(error instanceof NotQualified)) console.error(lab.logs());
    throw error;
  } finally {
    await lab.dispose();
  }
}

/** Waits for ever: a signal ends the process, and with it the lab. */
function keep(lab: Lab): Promise<never> {
  console.log(`\n${commands(lab)}\n\nCtrl-C removes it all.`);
  setInterval(() => undefined, 60_000);
  return new Promise(() => undefined);
}

/** Gets what is missing, or says how. */
async function prepare({ who }: Options): Promise<void> {
  const purposes = who === 'c' ? (['lab', 'c-miredo'] as const) : (['lab'] as const);
  if (missingSentence(purposes) === undefined) return;
  if (process.getuid?.() === 0) await installMissing(purposes, (line) => console.log(line));
  const stillMissing = missingSentence(purposes);
  if (stillMissing !== undefined) throw new Error(stillMissing);
}

async function main(): Promise<number> {
  prepareUserNamespace();
  const options = readOptions();
  if (options === undefined) return 0;
  await prepare(options);
  const access = labAccess();
  if (access.kind === 'none') throw new Error(`this ${access.reason}; try: sudo npm run demo`);
  if (access.kind === 'user-namespace') {
    console.log('Not root: going on in a user namespace of our own.');
    return runInUserNamespace(process.argv[1] ?? '', process.argv.slice(2));
  }
  await perform(options);
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    screen.failure(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
