/** ProbeServers and Diagnose as a program on the bus calls them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Client } from '../../dbus/client.js';
import type { Step } from '../../dbus/reports.js';

export async function openClient(t?: TestContext): Promise<Client> {
  const opened = await Client.open({ isInteractive: false });
  assert.ok(opened.ok, opened.ok ? '' : opened.fault.sentence);
  t?.after(() => opened.value.close());
  return opened.value;
}

/** What the interface promises, in this order. */
export const STEP_IDS: readonly string[] = [
  'network',
  'dns',
  'udp',
  'server',
  'nat',
  'qualified',
  'relay',
  'preference',
  'network-manager',
  'mtu',
  'firewall',
];

export type RawFinding = Pick<Step, 'verdict' | 'sentence' | 'remedy' | 'command'>;

export interface Diagnosis {
  readonly steps: readonly Step[];
  /** The step that was asked for. */
  readonly step: Step;
  readonly finding: RawFinding;
}

/** A whole diagnosis, of which one step is looked at. */
export async function diagnosisOf(id: string): Promise<Diagnosis> {
  const client = await openClient();
  try {
    const steps = await client.diagnose();
    assert.ok(steps.ok, steps.ok ? '' : steps.fault.sentence);
    const step = steps.value.find((one) => one.id === id) ?? assert.fail(`there is no step ${id}`);
    const { verdict, sentence, remedy, command } = step;
    return { steps: steps.value, step, finding: { verdict, sentence, remedy, command } };
  } finally {
    client.close();
  }
}

/** One diagnosis; the steps by their ids. */
export async function diagnose(t: TestContext): Promise<(id: string) => Step> {
  const client = await openClient(t);
  const steps = await client.diagnose();
  assert.ok(steps.ok, steps.ok ? '' : steps.fault.sentence);
  const all = steps.value;
  for (const { id, verdict, remedy, command } of all) {
    if (verdict === 'failed') assert.ok(remedy !== undefined || command !== undefined, `${id} says what to do`);
  }
  return (id) => all.find((step) => step.id === id) ?? assert.fail(`no step ${id}`);
}

export function expect({ id, verdict, sentence }: Step, wanted: Step['verdict'], says: RegExp): void {
  assert.equal(verdict, wanted, `${id}: ${sentence}`);
  assert.match(sentence, says);
}
