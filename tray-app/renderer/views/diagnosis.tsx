/** Why there is IPv6 or not, step by step: each is told as it runs. */
import type { JSX } from 'preact';
import type { Step, Verdict } from '../../../dbus/reports.js';
import type { MessageKey, Translate } from '../../shared/messages.js';
import { translateMaybe } from '../../shared/messages.js';
import { isPending, snapshotIn, type View } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import type { Mark } from '../mark.js';
import { Button } from '../parts/button.js';
import { CopyButton } from '../parts/copy-button.js';
import { StateMark } from '../parts/state-mark.js';

/** The order in which the daemon looks; their places are there before they run. */
const KNOWN = [
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
] as const;

export function Diagnosis(): JSX.Element {
  const { view, say, act } = useApp();
  const { diagnosis } = view;
  const isRunning = diagnosis.isRunning || isPending(view, 'diagnose');
  const word = isRunning ? 'diagnosis.running' : diagnosis.time === undefined ? 'diagnosis.run' : 'diagnosis.again';
  return (
    <div class="view">
      <div class="view-head">
        <h1>{say('diagnosis.title')}</h1>
        <div class="actions">
          <Button
            kind="primary"
            isPending={isRunning}
            isOff={snapshotIn(view) === undefined}
            onPress={act.diagnose}
            id="diagnose"
          >
            {say(word)}
          </Button>
        </div>
      </div>
      <p class="hint diagnosis-summary" role="status">
        {summaryOf(view, say, isRunning)}
      </p>
      <ol class="card steps" aria-label={say('diagnosis.steps')} aria-busy={isRunning}>
        {rowsOf(diagnosis.steps, isRunning || diagnosis.time === undefined).map((row) => (
          <StepRow key={row.id} id={row.id} step={row.step} />
        ))}
      </ol>
    </div>
  );
}

interface Row {
  readonly id: string;
  readonly step: Step | undefined;
}

/** Steps that ran, and, as long as there may be more, the places of those that have not. */
function rowsOf(steps: readonly Step[], mayBeMore: boolean): readonly Row[] {
  const ran = steps.map((step) => ({ id: step.id, step }));
  const ids = new Set<string>(steps.map(({ id }) => id));
  const others = mayBeMore ? KNOWN.filter((id) => !ids.has(id)).map((id) => ({ id, step: undefined })) : [];
  return [...ran, ...others];
}

function summaryOf({ diagnosis: { steps, time } }: View, say: Translate, isRunning: boolean): string {
  const running = steps.findLast(({ verdict }) => verdict === 'running');
  if (isRunning) return running?.sentence ?? say('diagnosis.running');
  if (time === undefined) return say('diagnosis.idle');
  const count = (wanted: Verdict): number => steps.filter(({ verdict }) => verdict === wanted).length;
  if (count('failed') > 0) return say('diagnosis.faults', { count: count('failed') });
  return count('warning') > 0 ? say('diagnosis.warnings', { count: count('warning') }) : say('diagnosis.good');
}

type Shown = Verdict | 'pending';
const MARKS: Readonly<Record<Shown, Mark>> = {
  pending: 'absent',
  running: 'busy',
  ok: 'good',
  warning: 'bad',
  failed: 'stop',
  skipped: 'skipped',
};
const WORDS: { readonly [V in Shown]: MessageKey & `verdict.${V}` } = {
  pending: 'verdict.pending',
  running: 'verdict.running',
  ok: 'verdict.ok',
  warning: 'verdict.warning',
  failed: 'verdict.failed',
  skipped: 'verdict.skipped',
};

function StepRow({ id, step }: { readonly id: string; readonly step: Step | undefined }): JSX.Element {
  const { say, view } = useApp();
  const verdict = step?.verdict ?? 'pending';
  const title = translateMaybe(view.environment.locale, `step.${id}`) ?? id;
  return (
    <li class={`step step-${verdict}`}>
      <StateMark mark={MARKS[verdict]} size={22} />
      <div class="step-text">
        <h2>
          <span class="foreign">{title}</span>
          <span class="verdict">{say(WORDS[verdict])}</span>
        </h2>
        <p class="foreign selectable">{step?.sentence ?? ''}</p>
        {step?.remedy !== undefined && <Remedy remedy={step.remedy} command={step.command} />}
      </div>
    </li>
  );
}

function Remedy({ remedy, command }: { readonly remedy: string; readonly command: string | undefined }): JSX.Element {
  const { say } = useApp();
  return (
    <div class="remedy">
      <h3>{say('diagnosis.remedy')}</h3>
      <p class="foreign selectable">{remedy}</p>
      {command !== undefined && (
        <p class="command">
          <code class="foreign selectable mono">{command}</code>
          <CopyButton text={command} label={say('diagnosis.copy-command')} />
        </p>
      )}
    </div>
  );
}
