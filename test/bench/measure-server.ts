/** Solicitations a second that a server process answers over UDP, and what the generator itself could do. */
import { concatenate, emitAuthentication } from '../../daemon/wire/encapsulation.js';
import type { Ipv4Address, Port } from '../../daemon/wire/ipv4.js';
import { emitRouterSolicitation } from '../../daemon/wire/router-discovery.js';
import { emitLinkLocal } from '../../daemon/wire/teredo-address.js';
import type { Arena } from './arenas.js';
import { listen, traffic } from './load-generator.js';
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

async function ask({ lab }: Arena, port: number, seconds: number): Promise<number> {
  const words = ['solicit', lab.server.ipv4[0] ?? '', port, solicitation(), WINDOW, seconds];
  const { perSecond = Number.NaN } = await traffic(lab.host, words);
  return perSecond;
}

/** The arenas `ours` and `c` have a server each. */
export async function measureServer(arenas: readonly Arena[], rounds: Rounds, seconds: number, results: Results) {
  rounds.say('solicitations to a server');
  const [first] = arenas;
  if (first === undefined) return;
  const reflector = await listen(first.lab, first.lab.server, ['reflect', REFLECTOR_PORT]);
  await inTurns(rounds, arenas, async (arena) => {
    results.add('solicitations', arena.name, 'answers/s', await ask(arena, SERVER_PORT, seconds));
  });
  await inTurns(rounds, [first], async (arena) => {
    results.add('solicitations', 'reflector', 'answers/s', await ask(arena, REFLECTOR_PORT, seconds));
  });
  await reflector.stop();
}
