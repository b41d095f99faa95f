/** Solicitations a second that a server process answers over UDP, and what one could that did nothing. */
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import type { Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal } from '../../daemon/wire/teredo-address.js';
import { mustRun } from '../lab/command.js';
import { inNamespace } from '../lab/namespaces.js';
import type { Arena } from './arenas.js';
import { listen, traffic } from './load-generator.js';
import { processorSeconds } from './processes.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const SERVER_PORT = 3544;
const REFLECTOR_PORT = 7302;

/** As a client asks: an authentication header with a nonce and no secret, then the solicitation (RFC 4380 §5.2.1). */
function solicitation(): string {
  const none = new Uint8Array(0);
  const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const shim = emitAuthentication({ clientId: none, value: none, nonce, confirmation: 0 });
  const question = emitRouterSolicitation(emitLinkLocal(0, 0 as Ipv4Address, 0 as Port));
  return Buffer.from(concatenate(shim, question)).toString('hex');
}

/** Address of the generator, in the server's own namespace. */
const GENERATOR = '198.51.100.250';

const RULES = `table ip answers {
  counter answered { }
  chain arrivals {
    type filter hook prerouting priority raw
    ip daddr ${GENERATOR} counter name answered drop
  }
}
`;

interface Answers {
  readonly answered: number;
  readonly perSecond: number;
}

/** Solicitations come faster than they are answered: the server is never idle. Answers are counted and dropped. */
async function ask({ lab }: Arena, port: number, seconds: number): Promise<Answers> {
  const counter = inNamespace(lab.server.namespace, ['nft', 'reset', 'counter', 'ip', 'answers', 'answered']);
  await mustRun(counter);
  const words = ['solicit', GENERATOR, lab.server.ipv4[0] ?? '', port, solicitation(), seconds];
  const { seconds: took = Number.NaN } = await traffic(lab.server, words);
  const { stdout } = await mustRun(counter);
  const answered = Number(/packets (\d+)/.exec(stdout)?.[1]);
  return { answered, perSecond: answered / took };
}

const MILLION = 1e6;

async function askServer(arena: Arena, seconds: number, results: Results): Promise<void> {
  const server = arena.server();
  const before = processorSeconds(server);
  const { perSecond, answered } = await ask(arena, SERVER_PORT, seconds);
  results.add('solicitations', arena.name, 'answers/s', perSecond);
  // Where the generator takes a processor of two, this says what the rate cannot: what a processor of its own is good for.
  const used = processorSeconds(server) - before;
  results.add('cpu-server', arena.name, 's/million', used / (answered / MILLION));
  results.add('solicitations-per-cpu-second', arena.name, 'answers/s', answered / used);
}

/** The arenas `ours` and `c` have a server each. */
export async function measureServer(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  rounds.say('solicitations to a server');
  const [first] = arenas;
  if (first === undefined) return;
  for (const { lab } of arenas) {
    await mustRun(['ip', '-n', lab.server.namespace, 'address', 'replace', `${GENERATOR}/32`, 'dev', 'lo']);
    await mustRun(inNamespace(lab.server.namespace, ['nft', '-f', '-']), { input: RULES });
  }
  await inTurns(rounds, arenas, (arena) => askServer(arena, seconds, results));
  const reflector = await listen(first.lab, first.lab.server, [
    'reflect',
    first.lab.server.ipv4[0] ?? '',
    REFLECTOR_PORT,
  ]);
  await inTurns(rounds, [first], async (arena) => {
    const { perSecond } = await ask(arena, REFLECTOR_PORT, seconds);
    results.add('solicitations', 'reflector', 'answers/s', perSecond);
  });
  await reflector.stop();
}
