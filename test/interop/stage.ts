/**
 * A world on stage: its lab, with server, relay and two clients of each kind running.
 */
import { type Implementation, unavailable } from '../lab/implementation.js';
import { createLab, type Lab, type RunningClient } from '../lab/lab.js';
import { type Kind, kindName, type World } from './cases.js';
import type { Party } from './exchange.js';

export interface CastMember extends Party {
  readonly who: Implementation;
  readonly qualifiedAfter: number;
}

export interface Stage {
  readonly world: World;
  readonly lab: Lab;
  readonly host: Party;
  /** By {@link kindName}. */
  readonly openers: ReadonlyMap<string, CastMember>;
  readonly acceptors: ReadonlyMap<string, CastMember>;
}

const isHere = (who: Implementation): boolean => unavailable(who) === undefined;

/**
 * One after the other, so that the time to qualify is that of one client and not of a crowd on two processors.
 */
async function startClients(lab: Lab, kinds: readonly Kind[], first: number): Promise<Map<string, CastMember>> {
  const cast = new Map<string, CastMember>();
  for (const [i, kind] of kinds.entries()) {
    const { address, qualifiedAfter }: RunningClient = await lab.startClient(first + i, kind.who);
    cast.set(kindName(kind), { who: kind.who, place: lab.client(first + i), address, qualifiedAfter });
  }
  return cast;
}

export async function setStage(world: World): Promise<Stage> {
  const kinds = world.kinds.filter(({ who }) => isHere(who));
  const nats = kinds.map(({ nat }) => nat);
  const lab = await createLab({ nats: [...nats, ...nats] });
  try {
    await Promise.all([lab.startServer(world.server), lab.startRelay(world.relay)]);
    const openers = await startClients(lab, kinds, 0);
    const acceptors = await startClients(lab, kinds, kinds.length);
    const host = { place: lab.host, address: lab.host.ipv6[0] ?? '' };
    const parties = [host, ...openers.values(), ...acceptors.values()];
    await Promise.all(parties.map(({ place }) => lab.agent(place).ask('serve', {})));
    return { world, lab, host, openers, acceptors };
  } catch (error) {
    const logs = lab.logs();
    await lab.dispose();
    throw new Error(`${world.name}: ${error instanceof Error ? error.message : error}\n${logs}`);
  }
}
