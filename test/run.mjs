/**
 * Runs the tests: unit tests first, then those that build namespaces.
 *
 *     npm test [-- --only PATTERN]
 *
 * PATTERN picks the test files whose path contains it; when no file does, the tests whose name matches it. The last
 * line is always `N passed, N failed, N skipped`. With CI=true a skip that is not in {@link ALLOWED_SKIPS} fails the
 * run: on CI everything has to be there. Without root the second part runs in a user namespace of its own.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { missingSentence } from '../build/test/lab/needed-programs.js';
import { labAccess, prepareUserNamespace, runInUserNamespace } from '../build/test/lab/privilege.js';

/** Skips that CI accepts, as patterns of `file › test: reason`. */
const ALLOWED_SKIPS = [
  // Its binary comes from a host that not every machine reaches; `npm ci` does without. The test runs where it is.
  /^build\/test\/tray-app\/desktop\/electron\.test\.js › .*: no Electron binary/,
];

const script = fileURLToPath(import.meta.url);
const root = dirname(dirname(script));
const built = join(root, 'build/test');
/** Tests that share the machine's namespaces and measure times: one file after the other. */
const INTEGRATION = /^build\/test\/((bench|bus|daemon|lab|interop|packaging|tray-app\/desktop)\/|readme\.)/;
const FILE_TIMEOUT = 600_000;

/** What Node gives as the reason when `--only` names tests. */
const NOT_SELECTED = 'test name does not match pattern';

/** `skipped` holds lines of `file › test: reason`. */
const total = { passed: 0, failed: 0, skipped: [] };
/** Seconds that each file's tests took. */
const times = new Map();
/** Of the files that run just now: each with what its test had to say. */
let failures = [];

const nameOf = ({ file, name }) => `${relative(root, file ?? root)} › ${name}`;

/** The error of the test's own code, without the runner's wrapping. */
function errorText(error) {
  const cause = error?.cause ?? error;
  if (cause instanceof Error || typeof cause === 'object') return inspect(cause, { depth: 4 });
  return String(cause);
}

function tellFailure({ data, diagnostics }) {
  // Its suite failed, and tells why.
  if (data.details.error?.failureType === 'cancelledByParent') return console.log(`\n✖ ${nameOf(data)}: cancelled`);
  console.log(`\n✖ ${nameOf(data)}\n${errorText(data.details.error)}`);
  for (const text of diagnostics) console.log(text);
}

function takePass(data) {
  const reason = data.skip ?? data.todo;
  if (reason === NOT_SELECTED) return;
  if (reason !== undefined) total.skipped.push(`${nameOf(data)}: ${reason === true ? 'no reason given' : reason}`);
  else if (data.name === data.file) takeFail({ ...data, details: { error: 'the file ran no test' } });
  else if (data.details?.type !== 'suite') total.passed += 1;
}

function takeFail(data) {
  // The failure of a part has been told already.
  if (data.details.error?.failureType === 'subtestsFailed') return;
  total.failed += 1;
  failures.push({ data, diagnostics: [] });
}

/** Comes after the test that it belongs to, among the other files' events. Those of passed tests are of no interest. */
function takeDiagnostic({ file, message }) {
  if (file !== undefined) failures.findLast(({ data }) => data.file === file)?.diagnostics.push(message);
}

function takeTime({ file, nesting, details }) {
  if (nesting > 0 || file === undefined) return;
  const name = relative(root, file);
  times.set(name, (times.get(name) ?? 0) + (details?.duration_ms ?? 0) / 1000);
}

/** Which files to look at when the run takes too long. */
function tellTimes() {
  const slowest = [...times].sort(([, a], [, b]) => b - a).slice(0, 12);
  const lines = slowest.map(([name, seconds]) => `  ${seconds.toFixed(0).padStart(4)} s  ${name}`);
  console.log(`\nthe slowest files:\n${lines.join('\n')}`);
}

/** Runs files and collects what became of their tests; a dot a test, so that a long run shows life. */
async function runFiles(files, options) {
  if (files.length === 0) return;
  failures = [];
  const output = new Map(); // what files wrote outside their tests, for the failed ones
  for await (const { type, data } of run({ files, timeout: FILE_TIMEOUT, ...options })) {
    if (type === 'test:pass' || type === 'test:fail') takeTime(data);
    if (type === 'test:pass') takePass(data);
    else if (type === 'test:fail') takeFail(data);
    else if (type === 'test:diagnostic') takeDiagnostic(data);
    else if (type === 'test:stderr') output.set(data.file, (output.get(data.file) ?? '') + data.message);
    if (type === 'test:fail' || type === 'test:pass') process.stdout.write(type === 'test:fail' ? '✖' : '.');
  }
  process.stdout.write('\n');
  for (const failure of failures) tellFailure(failure);
  for (const file of new Set(failures.map(({ data }) => data.file))) {
    if (output.has(file)) console.log(`\n${relative(root, file)} wrote to standard error:\n${output.get(file)}`);
  }
}

/** Files of one part, and the name patterns, that `--only` leaves. */
function select(only, wanted) {
  const names = readdirSync(built, { recursive: true }).filter((name) => name.endsWith('.test.js'));
  const all = names.map((name) => join(built, name)).sort();
  const isWanted = (file) => INTEGRATION.test(relative(root, file)) === (wanted === 'integration');
  const matching = only === undefined ? all : all.filter((file) => relative(root, file).includes(only));
  if (matching.length > 0) return { files: matching.filter(isWanted), options: {} };
  return { files: all.filter(isWanted), options: { testNamePatterns: [only] } };
}

async function runUnit({ only }) {
  const { files, options } = select(only, 'unit');
  await runFiles(files, { ...options, concurrency: 2 });
}

async function runIntegration({ only }) {
  const { files, options } = select(only, 'integration');
  await runFiles(files, { ...options, concurrency: 1 });
}

/** As {@link runIntegration}, by this script as root of a user namespace, which leaves its result in a file. */
async function runIntegrationInside({ only }) {
  if (select(only, 'integration').files.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'miredo-test-'));
  const report = join(folder, 'report.json');
  try {
    await runInUserNamespace(script, ['--inside', report, ...(only === undefined ? [] : ['--only', only])]);
    const result = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += result.passed;
    total.failed += result.failed;
    total.skipped.push(...result.skipped);
    for (const [name, seconds] of result.times) times.set(name, seconds);
  } catch (error) {
    total.failed += 1;
    console.log(`\n✖ the tests in the user namespace left no result\n${errorText(error)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tells what was skipped and why; returns whether this run may pass with it. */
function tellSkips() {
  if (total.skipped.length === 0) return true;
  console.log(`\nskipped:\n${total.skipped.map((line) => `  ${line}`).join('\n')}`);
  const mayPass = total.skipped.every((line) => ALLOWED_SKIPS.some((pattern) => pattern.test(line)));
  if (mayPass || process.env.CI !== 'true') return true;
  console.log('On CI nothing may be skipped: this run has failed.');
  return false;
}

async function main(options) {
  const missing = missingSentence([
    'lab',
    'c-miredo',
    'manual',
    'bus',
    'bench',
    'desktop',
    'shells',
    'network-manager',
    'package',
    'boot',
  ]);
  if (missing !== undefined) console.log(`Some tests will be skipped, ${missing}`);
  await runUnit(options);
  const isOutside = missingSentence(['lab']) === undefined && labAccess().kind === 'user-namespace';
  await (isOutside ? runIntegrationInside(options) : runIntegration(options));
  if (total.passed > 100) tellTimes();
  const mayPass = tellSkips();
  if (total.passed + total.failed === 0) console.log('No test ran.');
  process.exitCode = mayPass && total.failed === 0 && total.passed > 0 ? 0 : 1;
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);
}

// No program under test goes to this machine's own bus; those of test/bus have one of their own.
process.env.DBUS_SYSTEM_BUS_ADDRESS = 'unix:path=/nonexistent';

const { values } = parseArgs({ options: { only: { type: 'string' }, inside: { type: 'string' } } });
if (values.inside === undefined) {
  await main(values);
} else {
  prepareUserNamespace();
  await runIntegration(values);
  writeFileSync(values.inside, JSON.stringify({ ...total, times: [...times] }));
}
