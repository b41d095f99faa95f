/** `miredoctl diagnose`: the steps as they run, and in the end in plain words why programs do not use the tunnel. */
import type { Step } from '../../dbus/reports.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { type Session, type Setting, withSession } from './calling.js';
import { conclude } from './conclusion.js';
import { diagnosisJson } from './diagnosis-json.js';
import { conclusionText, runningText, stepText } from './diagnosis-text.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { Progress } from './progress.js';

interface DiagnoseRequest {
  readonly json: boolean;
}

export async function diagnose({ json }: DiagnoseRequest, setting: Setting): Promise<ExitCode> {
  return withSession(setting, json ? diagnoseForScripts : diagnoseForPeople);
}

async function diagnoseForScripts({ client, ask, refuse, screen }: Session): Promise<ExitCode> {
  const print = (value: unknown): void => screen.out(`${JSON.stringify(value, undefined, 2)}\n`);
  const steps = await ask(client.diagnose());
  if (!steps.ok) {
    print(diagnosisJson([], undefined, steps.fault));
    return refuse(steps.fault);
  }
  print(diagnosisJson(steps.value, await stateNow(client)));
  return exitCodeOfSteps(steps.value);
}

async function diagnoseForPeople({ client, ask, refuse, screen }: Session): Promise<ExitCode> {
  const progress = new Progress(screen);
  const shown = new Set<string>();
  const show = (step: Step): void => {
    if (step.verdict === 'running') {
      if (screen.errIsTerminal) progress.tell(runningText(step));
      return;
    }
    progress.pause();
    shown.add(step.id);
    screen.out(stepText(step, screen.columns, screen.style));
  };
  try {
    const steps = await ask(client.diagnose(show));
    progress.end();
    if (!steps.ok) return refuse(steps.fault);
    for (const step of steps.value) if (!shown.has(step.id)) show(step);
    screen.out(`\n${conclusionText(conclude(steps.value, await stateNow(client)), screen.columns, screen.style)}`);
    return exitCodeOfSteps(steps.value);
  } finally {
    progress.end();
  }
}

/** What the tunnel is now; the steps have the last word where it cannot be had. */
async function stateNow(client: Session['client']): Promise<Snapshot | undefined> {
  const snapshot = await client.read();
  return snapshot.ok ? snapshot.value : undefined;
}

export const exitCodeOfSteps = (steps: readonly Step[]): ExitCode =>
  steps.some(({ verdict }) => verdict === 'failed') ? EXIT.faultFound : EXIT.ok;
