/** To be qualified takes a server; to reach the IPv6 Internet takes a relay too. People take the one for the other. */
import type { JSX } from 'preact';
import { isBusy, type Snapshot } from '../../../dbus/snapshot.js';
import type { MessageKey } from '../../shared/messages.js';
import { snapshotIn } from '../../shared/view.js';
import { useApp } from '../app-context.js';
import type { Mark } from '../mark.js';
import { StateMark } from '../parts/state-mark.js';

export function TwoFacts(): JSX.Element {
  const { view, say } = useApp();
  const snapshot = snapshotIn(view);
  const [qualifiedMark, qualified] = qualifiedFact(snapshot);
  const [internetMark, internet] = internetFact(snapshot);
  return (
    <div class="two-facts">
      <FactCard
        mark={qualifiedMark}
        name={say('fact.qualified')}
        answer={say(qualified)}
        hint={say('fact.qualified.hint')}
      />
      <FactCard
        mark={internetMark}
        name={say('fact.internet')}
        answer={say(internet)}
        hint={say('fact.internet.hint')}
      />
    </div>
  );
}

type Answer<Fact extends string> = readonly [Mark, MessageKey & `fact.${Fact}.${'yes' | 'no' | 'busy' | 'unknown'}`];

function qualifiedFact(snapshot: Snapshot | undefined): Answer<'qualified'> {
  if (snapshot === undefined) return ['absent', 'fact.qualified.unknown'];
  if (snapshot.state === 'qualified') return ['half', 'fact.qualified.yes'];
  return isBusy(snapshot.state) ? ['waiting', 'fact.qualified.busy'] : ['absent', 'fact.qualified.no'];
}

function internetFact(snapshot: Snapshot | undefined): Answer<'internet'> {
  const answer = snapshot?.state === 'qualified' ? snapshot.isIpv6Reachable : undefined;
  if (answer === undefined) return ['absent', 'fact.internet.unknown'];
  return answer ? ['half', 'fact.internet.yes'] : ['limited', 'fact.internet.no'];
}

interface FactCardProps {
  readonly mark: Mark;
  readonly name: string;
  readonly answer: string;
  readonly hint: string;
}

function FactCard({ mark, name, answer, hint }: FactCardProps): JSX.Element {
  return (
    <section class="card fact-card">
      <StateMark mark={mark} size={22} />
      <div>
        <h2>{name}</h2>
        <p class="answer">{answer}</p>
        <p class="hint">{hint}</p>
      </div>
    </section>
  );
}
