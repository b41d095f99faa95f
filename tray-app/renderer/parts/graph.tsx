/** A line graph over the last minutes, drawn by uPlot. Who cannot see it has the figures beside it. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

export interface Series {
  readonly label: string;
  /** Name of the style sheet's colour. */
  readonly colour: string;
  /** Not only the colour tells them apart. */
  readonly dash?: readonly number[];
  readonly isFilled?: boolean;
}

export interface GraphProps {
  /** What it shows, for who hears it. */
  readonly label: string;
  readonly series: readonly Series[];
  /** Seconds since 1970, then one row of values for each series; null where there is none. */
  readonly times: readonly number[];
  readonly rows: readonly (readonly (number | null)[])[];
  /** Seconds to the left of the right edge. */
  readonly span: number;
  readonly format: (value: number) => string;
  /** The scale shows at least this much, so that noise does not look like traffic. */
  readonly atLeast: number;
  readonly height: number;
  readonly language: string;
}

export function Graph(props: GraphProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const plot = useRef<uPlot | undefined>(undefined);
  // The canvas knows no style sheet: another theme, language or set of lines needs another plot.
  const look = `${props.language} ${props.series.map(({ label }) => label).join('|')}`;
  useEffect(() => {
    void look;
    const element = place.current;
    if (element === null) return undefined;
    return keepPlot(element, () => latest.current, plot);
  }, [look]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.rows]);
  return <div class="graph" role="img" aria-label={props.label} ref={place} style={{ height: `${props.height}px` }} />;
}

/** Makes the plot, and again when the theme changes; follows the width. Returns what takes it away. */
function keepPlot(element: HTMLElement, props: () => GraphProps, held: { current: uPlot | undefined }): () => void {
  const draw = (): void => {
    held.current?.destroy();
    held.current = new uPlot(optionsOf(props(), element), dataOf(props()), element);
  };
  draw();
  const width = new ResizeObserver(() => {
    held.current?.setSize({ width: element.clientWidth, height: props().height });
  });
  width.observe(element);
  const queries = ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener('change', draw);
  return () => {
    width.disconnect();
    for (const query of queries) query.removeEventListener('change', draw);
    held.current?.destroy();
    held.current = undefined;
  };
}

const dataOf = ({ times, rows }: GraphProps): uPlot.AlignedData =>
  [[...times], ...rows.map((row) => [...row])] as unknown as uPlot.AlignedData;

function optionsOf(props: GraphProps, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const clock = new Intl.DateTimeFormat(props.language, { hour: '2-digit', minute: '2-digit' });
  const axis = {
    stroke: colour('--text-soft'),
    font: `11px ${style.fontFamily}`,
    ticks: { show: false },
    grid: { stroke: colour('--line'), width: 1 },
  };
  return {
    width: element.clientWidth,
    height: props.height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: {
      x: { range: (_plot, _from, to) => [to - props.span, to] },
      y: { range: (_plot, _from, to) => [0, Math.max(props.atLeast, (to ?? 0) * 1.15)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 90,
        size: 22,
        values: (_plot, ticks) => ticks.map((seconds) => clock.format(seconds * 1000)),
        incrs: [60, 120, 300],
      },
      { ...axis, size: 72, space: 34, values: (_plot, ticks) => ticks.map(props.format) },
    ],
    series: [{}, ...props.series.map((one) => lineOf(one, colour))],
  };
}

function lineOf({ label, colour: name, dash, isFilled }: Series, colour: (name: string) => string): uPlot.Series {
  const stroke = colour(name);
  return {
    label,
    stroke,
    width: 1.75,
    points: { show: false },
    spanGaps: false,
    ...(isFilled === true ? { fill: `${stroke}22` } : {}),
    ...(dash === undefined ? {} : { dash: [...dash] }),
  };
}
