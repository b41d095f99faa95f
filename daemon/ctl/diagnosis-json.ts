/** The diagnosis for scripts. Every member is always there. */
import type { Fault } from '../../dbus/fault.js';
import type { Step } from '../../dbus/reports.js';
import type { Snapshot } from '../../dbus/snapshot.js';
import { conclude } from './conclusion.js';
import { errorJson, plainValue } from './json.js';
import { SCHEMA_VERSION } from './status-json.js';

export function diagnosisJson(
  steps: readonly Step[],
  snapshot: Snapshot | undefined,
  fault?: Fault,
): Readonly<Record<string, unknown>> {
  const conclusion = fault === undefined ? conclude(steps, snapshot) : undefined;
  return {
    schemaVersion: SCHEMA_VERSION,
    qualified: conclusion?.isQualified ?? false,
    ipv6Reachable: conclusion?.isIpv6Reachable ?? null,
    conclusion:
      conclusion === undefined
        ? null
        : {
            code: conclusion.code,
            sentence: conclusion.sentences.join(' '),
            remedy: conclusion.remedy ?? null,
            command: conclusion.command ?? null,
          },
    steps: steps.map(stepJson),
    error: fault === undefined ? null : errorJson(fault),
  };
}

function stepJson({ id, verdict, sentence, remedy, command, details }: Step): Readonly<Record<string, unknown>> {
  const { remedy: _remedy, command: _command, ...rest } = details;
  return {
    id,
    verdict,
    sentence,
    remedy: remedy ?? null,
    command: command ?? null,
    details: plainValue(rest),
  };
}
