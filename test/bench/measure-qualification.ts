/** Time from the start of a client's process to its address, against our server. */
import type { Implementation } from '../lab/implementation.js';
import { createLab, type Lab } from '../lab/lab.js';
import type { Results } from './results.js';
import { inTurns, type Rounds } from './rounds.js';

export async function measureQualification(
  who: readonly Implementation[],
  rounds: Rounds,
  results: Results,
): Promise<void> {
  rounds.say('time to qualify');
  const lab = await createLab({ nats: ['port-restricted'] });
  try {
    await lab.startServer('ours');
    await inTurns(rounds, who, (one) => measure(lab, one, results));
  } finally {
    await lab.dispose();
  }
}

async function measure(lab: Lab, who: Implementation, results: Results): Promise<void> {
  const program = lab.launchClient(0, who);
  const asked = who === 'ours' ? firstSight(() => program.log().includes('qualifying')) : undefined;
  await lab.waitForAddress(program);
  const end = performance.now();
  results.add('qualify', who, 'ms', end - program.startedAt);
  if (asked !== undefined) results.add('qualify-from-first-solicitation', who, 'ms', end - (await asked));
  await program.stop();
}

/** When something is first seen, looking each millisecond. */
async function firstSight(look: () => boolean): Promise<number> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now();
}
