/** Time to qualify, ours and C miredo in turns, against our server in the lab. */
import { labSkip } from '../lab/availability.js';
import type { Implementation } from '../lab/implementation.js';
import { createLab, type Lab } from '../lab/lab.js';

const ROUNDS = 7;

interface Times {
  /** Milliseconds from the start of the process to a usable address. */
  readonly whole: number[];
  /** Of these, from the first solicitation: the engine was ready then. */
  readonly asked: number[];
}

export async function benchQualification(): Promise<void> {
  const reason = labSkip('ours', 'c');
  if (reason !== false) {
    console.log(`time to qualify: not measured, ${reason}`);
    return;
  }
  const lab = await createLab({ nats: ['port-restricted'] });
  const times: Record<Implementation, Times> = { ours: { whole: [], asked: [] }, c: { whole: [], asked: [] } };
  try {
    await lab.startServer('ours');
    for (let round = 0; round < ROUNDS; round++) {
      for (const who of ['ours', 'c'] as const) await measure(lab, who, times[who]);
    }
  } finally {
    await lab.dispose();
  }
  const { ours, c } = times;
  const ratio = (median(ours.whole) / median(c.whole)).toFixed(1);
  console.log(`time to qualify: ours ${describe(ours.whole)}, C ${describe(c.whole)}, ratio ${ratio}`);
  console.log(`  of which from our first solicitation: ${describe(ours.asked)}`);
}

async function measure(lab: Lab, who: Implementation, times: Times): Promise<void> {
  const program = lab.launchClient(0, who);
  const watch = who === 'ours' ? firstLine(() => program.log().includes('qualifying')) : undefined;
  await lab.waitForAddress(program);
  const end = performance.now();
  times.whole.push(end - program.startedAt);
  if (watch !== undefined) times.asked.push(end - (await watch));
  await program.stop();
}

/** When something is first seen, looking each millisecond. */
async function firstLine(look: () => boolean): Promise<number> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now();
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const describe = (values: readonly number[]): string =>
  `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`;
