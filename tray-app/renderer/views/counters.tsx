/** The daemon's counters, in words. */
import type { JSX } from 'preact';
import { translateMaybe } from '../../shared/messages.js';
import { useApp } from '../app-context.js';
import { Fact } from '../parts/facts.js';
import { dropsIn } from '../rates.js';

type Statistics = Readonly<Record<string, number>>;

const SHOWN = ['peers', 'datagrams-in', 'packets-out', 'bubbles-received', 'bubbles-sent'] as const;
/** Counted among the drops since they are not delivered, which is as it should be. */
const NO_FAULTS = ['bubble', 'control'] as const;

export function Counters({ statistics }: { readonly statistics: Statistics }): JSX.Element {
  const { say, figures } = useApp();
  return (
    <section class="card" aria-labelledby="counters">
      <h2 id="counters">{say('traffic.counters')}</h2>
      <dl class="counters">
        {SHOWN.map((name) => {
          const count = statistics[name];
          return (
            <Fact key={name} name={say(`traffic.${name}`)}>
              {count === undefined ? '–' : figures.count(count)}
            </Fact>
          );
        })}
        {NO_FAULTS.map((reason) => {
          const count = statistics[`dropped-${reason}`];
          return (
            <Fact key={reason} name={say(`drop.${reason}`)}>
              {count === undefined ? '–' : figures.count(count)}
            </Fact>
          );
        })}
      </dl>
    </section>
  );
}

export function Drops({ statistics }: { readonly statistics: Statistics }): JSX.Element {
  const { say, figures, view } = useApp();
  const drops = dropsIn(statistics).filter(({ reason }) => !NO_FAULTS.some((one) => one === reason));
  return (
    <section class="card drops" aria-labelledby="drops">
      <h2 id="drops">{say('traffic.drops')}</h2>
      {drops.length === 0 && <p class="soft">{say('traffic.drops.none')}</p>}
      <dl class="counters">
        {drops.map(({ reason, count }) => (
          <Fact key={reason} name={translateMaybe(view.environment.locale, `drop.${reason}`) ?? reason}>
            {figures.count(count)}
          </Fact>
        ))}
      </dl>
    </section>
  );
}
