/** The bench works and leaves nothing behind. How fast anything is is no matter for a test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { labSkip } from '../lab/availability.js';
import { NAMESPACE_DIRECTORY } from '../lab/namespaces.js';
import { missingSentence } from '../lab/needed-programs.js';
import { chart } from './chart.js';
import { readOptions } from './options.js';
import { median, type Report, Results, resultsOf } from './results.js';
import { inTurns } from './rounds.js';
import { table } from './table.js';
import { judge } from './targets.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const skip = missingSentence(['bench']) ?? labSkip('ours');

const namespacesOf = (pid: number | undefined): string[] =>
  readdirSync(NAMESPACE_DIRECTORY).filter((name) => name.startsWith(`teredo-${pid}-`));

describe('the bench runs', { skip }, () => {
  test('a part of it, to its results', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'miredo-bench-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const output = join(folder, 'results.json');
    const words = [
      '--only',
      'server,memory',
      '--pairs',
      'ours',
      '--rounds',
      '2',
      '--seconds',
      '0.1',
      '--output',
      output,
    ];
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    const text = (await child.stdout.setEncoding('utf8').toArray()).join('');
    assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0, text);
    const results = resultsOf(JSON.parse(readFileSync(output, 'utf8')) as Report);
    assert.ok((results.median('solicitations', 'ours') ?? 0) > 0);
    assert.ok((results.median('rss-client', 'ours') ?? 0) > 0);
    assert.match(text, /^solicitations, answers\/s +[\d,]+ *$/m);
    assert.deepEqual(namespacesOf(child.pid), []);
  });

  test('interrupted, it removes what it made', async () => {
    const words = ['--only', 'tcp', '--pairs', 'ours', '--seconds', '60'];
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8');
    let text = '';
    for await (const part of child.stdout) {
      text += part;
      if (!text.includes('TCP, 1 stream up')) continue;
      assert.notDeepEqual(namespacesOf(child.pid), []);
      child.kill('SIGINT');
      break;
    }
    await once(child, 'exit');
    assert.deepEqual(namespacesOf(child.pid), []);
  });
});

describe('what the numbers say', () => {
  const results = new Results();
  for (const value of [1, 9, 2]) results.add('tcp-1-up', 'c', 'Gbit/s', value);
  for (const value of [30, 40]) results.add('tcp-1-up', 'ours', 'Gbit/s', value);
  results.add('cpu-client-up', 'c', 's/GB', 10);
  results.add('cpu-client-up', 'ours', 's/GB', 1);

  test('the median is the middle, or between the two in the middle', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  test('targets are judged when both sides were measured', () => {
    const verdicts = judge(results).map(({ metric, value, reached }) => [metric, value, reached]);
    assert.deepEqual(verdicts, [
      ['tcp-1-up', 17.5, true],
      ['cpu-client-up', 0.1, false],
    ]);
  });

  test('the table has a line for each metric, with the ratio', () => {
    assert.match(table(results), /^tcp-1-up, Gbit\/s +35 +2 +17.5 ×$/m);
  });

  test('the chart is a whole drawing', () => {
    const svg = chart(results, 'a < b');
    assert.match(svg, /a &lt; b/);
    const opened = [...svg.matchAll(/<(svg|text|title|style)\b/g)].length;
    assert.equal([...svg.matchAll(/<\/(svg|text|title|style)>/g)].length, opened);
  });

  test('each round begins with another one', async () => {
    const order: string[] = [];
    const take = async (name: string): Promise<void> => {
      order.push(name);
    };
    await inTurns({ count: 3, say: () => undefined }, ['a', 'b'], take);
    assert.equal(order.join(''), 'abbaab');
  });

  test('wrong words are refused', () => {
    assert.throws(() => readOptions(['--only', 'speed']), /choose of tcp/);
    assert.throws(() => readOptions(['--rounds', 'many']), /not a number above 0/);
    assert.equal(readOptions(['--help']).kind, 'help');
  });
});
