/**
 * The results as a table for people (build/interop-matrix.md) and as JSON beside it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Implementation } from '../lab/implementation.js';
import { BURST_COUNT, type Exchange, PING_COUNT } from './exchange.js';

export interface Row extends Exchange {
  readonly world: string;
  readonly opener: string;
  readonly acceptor: string;
}

export interface Qualification {
  readonly world: string;
  readonly who: Implementation;
  /** From the start of the process to a usable address and default route. */
  readonly milliseconds: number;
}

export interface Matrix {
  readonly qualifications: Qualification[];
  readonly rows: Row[];
}

const isInOrder = (numbers: readonly number[]): boolean =>
  numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? 0));

function burstCell({ arrived, returned }: Exchange['first']): string {
  const order = isInOrder(arrived) ? 'in order' : 'out of order';
  return `${arrived.length}/${BURST_COUNT} ${order}, ${returned.length} back`;
}

function pingCell({ there, back, milliseconds }: Exchange['ping']): string {
  return `${there.length}/${PING_COUNT} there, ${back.length}/${PING_COUNT} back, ${milliseconds.toFixed(2)} ms`;
}

const yes = (value: boolean): string => (value ? 'yes' : 'NO');

function rowText(row: Row): string {
  const cells = [
    row.opener,
    row.acceptor,
    burstCell(row.first),
    pingCell(row.ping),
    `${row.udp.arrived}/${BURST_COUNT}, ${row.udp.returned} back`,
    `${yes(row.tcp.there)} / ${yes(row.tcp.back)}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function qualificationLines(matrix: Matrix, world: string): string[] {
  const mine = matrix.qualifications.filter((row) => row.world === world);
  return [...new Set(mine.map((row) => row.who))].map((who) => {
    const times = mine.filter((row) => row.who === who).map((row) => row.milliseconds);
    const [least, most] = [Math.min(...times), Math.max(...times)];
    const span = `median ${median(times).toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`;
    return `Time to qualify, ${who === 'ours' ? 'ours' : 'C'}: ${span}.`;
  });
}

export function markdown(matrix: Matrix): string {
  const lines = ['# Interoperation, as run', ''];
  lines.push('`first burst`: 20 UDP datagrams at once to a peer that is still to be contacted. `ping`: three each way');
  lines.push('after it, and the first round trip. `UDP`: 20 datagrams opened by the acceptor. `TCP`: 100 kB there and');
  lines.push('back on one connection, opened by the opener / by the acceptor.', '');
  for (const world of new Set(matrix.rows.map((row) => row.world))) {
    lines.push(`## ${world}`, '', ...qualificationLines(matrix, world), '');
    lines.push('| opener | acceptor | first burst | ping | UDP | TCP |', '|---|---|---|---|---|---|');
    lines.push(...matrix.rows.filter((row) => row.world === world).map(rowText), '');
  }
  return `${lines.join('\n')}\n`;
}

const inBuild = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Sorts what parallel tests left in the order of their ends. */
const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

export function writeMatrix(matrix: Matrix): void {
  const sorted = { qualifications: matrix.qualifications, rows: matrix.rows.sort(byText) };
  mkdirSync(inBuild(''), { recursive: true });
  writeFileSync(inBuild('interop-matrix.json'), `${JSON.stringify(sorted, null, 2)}\n`);
  writeFileSync(inBuild('interop-matrix.md'), markdown(sorted));
}
