/** What was measured: one list of values for each metric and contestant. */

export type Unit = 'Gbit/s' | 'packets/s' | 'µs' | 's/GB' | 's/million' | 'MB' | 'ms' | 'answers/s' | 'ns' | 'bytes';

export interface Series {
  readonly metric: string;
  readonly contestant: string;
  readonly unit: Unit;
  readonly values: number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export class Results {
  /** BOUNDED: metrics times contestants, both tables of this folder. */
  readonly series: Series[] = [];

  add(metric: string, contestant: string, unit: Unit, value: number): void {
    const known = this.#find(metric, contestant);
    if (known !== undefined) known.values.push(value);
    else this.series.push({ metric, contestant, unit, values: [value] });
  }

  /** Undefined when it was not measured. */
  median(metric: string, contestant: string): number | undefined {
    const found = this.#find(metric, contestant);
    return found === undefined ? undefined : median(found.values);
  }

  get metrics(): string[] {
    return [...new Set(this.series.map(({ metric }) => metric))];
  }

  unit(metric: string): Unit | undefined {
    return this.series.find((series) => series.metric === metric)?.unit;
  }

  #find(metric: string, contestant: string): Series | undefined {
    return this.series.find((series) => series.metric === metric && series.contestant === contestant);
  }
}

/** As written to results.json. */
export interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly series: readonly (Series & { readonly median: number })[];
  readonly targets: readonly object[];
}

export function resultsOf(report: Report): Results {
  const results = new Results();
  for (const { metric, contestant, unit, values } of report.series) {
    for (const value of values) results.add(metric, contestant, unit, value);
  }
  return results;
}
