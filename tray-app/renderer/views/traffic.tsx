/** What goes through the tunnel, while somebody looks. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { snapshotIn } from '../../shared/view.js';
import { type App, useApp } from '../app-context.js';
import { Graph, type Series } from '../parts/graph.js';
import { courseOf, SPAN } from '../rates.js';
import { Counters, Drops } from './counters.js';

export function Traffic(): JSX.Element {
  const app = useApp();
  const { samples, say, view } = app;
  const course = useMemo(() => courseOf(samples), [samples]);
  const isUp = snapshotIn(view)?.state === 'qualified';
  // Samples come each second, so the tunnel's counters are as new as its graph.
  const statistics = isUp ? (samples.at(-1)?.statistics ?? snapshotIn(view)?.statistics ?? {}) : {};
  return (
    <div class="view">
      <h1 class="only-read-aloud">{say('tab.traffic')}</h1>
      <Throughput app={app} course={course} isUp={isUp} statistics={statistics} />
      <Latency app={app} course={course} isUp={isUp} />
      <div class="two-columns">
        <Counters statistics={statistics} />
        <Drops statistics={statistics} />
      </div>
    </div>
  );
}

interface PartProps {
  readonly app: App;
  readonly course: ReturnType<typeof courseOf>;
  readonly isUp: boolean;
}

type Statistics = Readonly<Record<string, number>>;

function Throughput({ app, course, isUp, statistics }: PartProps & { readonly statistics: Statistics }): JSX.Element {
  const { say, figures } = app;
  const now = (row: readonly (number | null)[]): string => {
    const value = isUp ? row.at(-1) : null;
    return value === null || value === undefined ? '–' : figures.rate(value);
  };
  const total = (counter: string): string =>
    isUp ? say('traffic.total', { bytes: figures.bytes(statistics[counter] ?? 0) }) : '';
  const series: readonly Series[] = [
    { label: say('traffic.in'), colour: '--series-in', isFilled: true },
    { label: say('traffic.out'), colour: '--series-out', dash: [6, 3] },
  ];
  const [received, sent] = [now(course.received), now(course.sent)];
  return (
    <section class="card" aria-labelledby="throughput">
      <div class="graph-head">
        <h2 id="throughput">{say('traffic.throughput')}</h2>
        <Figure line="in" name={say('traffic.in')} value={received} note={total('bytes-in')} />
        <Figure line="out" name={say('traffic.out')} value={sent} note={total('bytes-out')} />
      </div>
      <div class="graph-place">
        <Graph
          label={say('traffic.graph.throughput', { in: received, out: sent })}
          series={series}
          times={course.times}
          rows={[course.received, course.sent]}
          span={SPAN}
          format={figures.rateTick}
          atLeast={10_000}
          height={190}
          language={figures.language}
        />
        {!isUp && !course.received.some((rate) => rate !== null) && <p class="graph-empty">{say('traffic.paused')}</p>}
      </div>
    </section>
  );
}

function Latency({ app, course, isUp }: PartProps): JSX.Element {
  const { say, figures } = app;
  const last = isUp ? course.roundTrips.at(-1) : undefined;
  const now = last === null || last === undefined ? '–' : figures.roundTrip(last);
  return (
    <section class="card" aria-labelledby="latency">
      <div class="graph-head low">
        <h2 id="latency">{say('traffic.latency')}</h2>
        <Figure line="latency" name={say('traffic.now')} value={now} note="" />
      </div>
      <div class="graph-place">
        <Graph
          label={say('traffic.graph.latency', { roundTrip: now })}
          series={[{ label: say('traffic.latency'), colour: '--series-latency' }]}
          times={course.times}
          rows={[course.roundTrips]}
          span={SPAN}
          format={figures.roundTripTick}
          atLeast={20_000}
          height={130}
          language={figures.language}
        />
      </div>
    </section>
  );
}

interface FigureProps {
  readonly line: 'in' | 'out' | 'latency';
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** The value of now, with the line that shows it. */
function Figure({ line, name, value, note }: FigureProps): JSX.Element {
  return (
    <div class="now">
      <span class={`line line-${line}`} aria-hidden="true" />
      <span class="soft">{name}</span>
      <span class="now-value figure">{value}</span>
      <span class="now-note soft figure">{note}</span>
    </div>
  );
}
