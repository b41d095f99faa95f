/** Solicitations a second that a server process answers over UDP, and what the generator itself could do. */
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import type { Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal } from '../../daemon/wire/teredo-address.js';
import { mustRun } from '../lab/command.js';
import type { Arena } from './arenas.js';
import { listen, type Numbers, traffic } from './load-generator.js';
import { processorSeconds } from './processes.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

const SERVER_PORT = 3544;
const REFLECTOR_PORT = 7302;
/** Solicitations under way. */
const WINDOW = 512;

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

async function ask({ lab }: Arena, port: number, seconds: number): Promise<Numbers> {
  return traffic(lab.server, ['solicit', GENERATOR, lab.server.ipv4[0] ?? '', port, solicitation(), WINDOW, seconds]);
}

const MILLION = 1e6;

async function askServer(arena: Arena, seconds: number, results: Results): Promise<void> {
  const server = arena.server();
  const before = processorSeconds(server);
  const { perSecond = Number.NaN, answered = Number.NaN } = await ask(arena, SERVER_PORT, seconds);
  results.add('solicitations', arena.name, 'answers/s', perSecond);
  const each = (processorSeconds(server) - before) / (answered / MILLION);
  results.add('cpu-server', arena.name, 's/million', each);
}

/** The arenas `ours` and `c` have a server each. */
export async function measureServer(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  rounds.say('solicitations to a server');
  const [first] = arenas;
  if (first === undefined) return;
  for (const { lab } of arenas) {
    await mustRun(['ip', '-n', lab.server.namespace, 'address', 'replace', `${GENERATOR}/32`, 'dev', 'lo']);
  }
  await inTurns(rounds, arenas, (arena) => askServer(arena, seconds, results));
  const reflector = await listen(first.lab, first.lab.server, [
    'reflect',
    first.lab.server.ipv4[0] ?? '',
    REFLECTOR_PORT,
  ]);
  await inTurns(rounds, [first], async (arena) => {
    const { perSecond = Number.NaN } = await ask(arena, REFLECTOR_PORT, seconds);
    results.add('solicitations', 'reflector', 'answers/s', perSecond);
  });
  await reflector.stop();
}
