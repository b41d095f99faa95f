/**
 * How long the random tests go on, and from which seed. A failure prints seed and path; OFFLOAD_SEED=12345 and
 * OFFLOAD_RUNS=100000 repeat or explore.
 */
import type { TestContext } from 'node:test';

export const SEED = Number(process.env['OFFLOAD_SEED'] ?? Date.now() & 0x7fffffff);

/** Tells the seed, and gives fast-check its settings. */
export function fuzz(context: TestContext, runs: number): { readonly numRuns: number; readonly seed: number } {
  const numRuns = Number(process.env['OFFLOAD_RUNS'] ?? runs);
  context.diagnostic(`OFFLOAD_SEED=${SEED} OFFLOAD_RUNS=${numRuns}`);
  return { numRuns, seed: SEED };
}
