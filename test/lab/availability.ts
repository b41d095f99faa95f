/**
 * Why a test that needs the lab cannot run here: the `skip` of its suite. What is skipped is listed with its reason at
 * the end of a run, and fails it on CI.
 */
import { type Implementation, unavailable } from './implementation.js';
import { missingSentence } from './needed-programs.js';
import { labAccess } from './privilege.js';

let access: string | undefined | null = null;

/** Asked once a process: it starts a program to find out. */
function whyNoAccess(): string | undefined {
  if (access === null) {
    const found = labAccess();
    if (found.kind === 'direct') access = undefined;
    else access = found.kind === 'none' ? found.reason : 'not root; npm test runs it in a user namespace of its own';
  }
  return access;
}

/** A reason, or false when the lab can be made and the implementations can run in it. */
export function labSkip(...implementations: readonly Implementation[]): string | false {
  const reason = missingSentence(['lab']) ?? whyNoAccess() ?? implementations.map(unavailable).find(Boolean);
  return reason ?? false;
}
