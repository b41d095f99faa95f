/**
 * Runs the tests: unit tests first, then those that build namespaces.
 *
 *     npm test [-- --only PATTERN]
 *
 * PATTERN picks the test files whose path contains it; when no file does, the tests whose name matches it. The last
 * line is always `N passed, N failed, N skipped`. With CI=true a skip that is not in {@link ALLOWED_SKIPS} fails the
 * run: on CI everything has to be there. Without root it goes on in a user namespace of its own.
 */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, parseArgs } from 'node:util';
import { missingSentence } from '../build/test/lab/needed-programs.js';
import { labAccess, prepareUserNamespace, runInUserNamespace } from '../build/test/lab/privilege.js';

/** Skips that CI accepts, as patterns of `file › test: reason`. */
const ALLOWED_SKIPS = [];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'build/test');
/** Folders whose tests share the machine's namespaces and measure times: one file after the other. */
const INTEGRATION = /^build\/test\/(daemon|lab|interop)\//;
const FILE_TIMEOUT = 600_000;

/** What Node gives as the reason when `--only` names tests. */
const NOT_SELECTED = 'test name does not match pattern';

const passed = [];
const failed = [];
const skipped = [];

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
  if (reason !== undefined) skipped.push({ data, reason: reason === true ? 'no reason given' : reason });
  else if (data.name === data.file) takeFail({ ...data, details: { error: 'the file ran no test' } });
  else if (data.details?.type !== 'suite') passed.push(data);
}

function takeFail(data) {
  // The failure of a part has been told already.
  if (data.details.error?.failureType === 'subtestsFailed') return;
  failed.push({ data, diagnostics: [] });
}

/** Comes after the test that it belongs to, among the other files' events. Those of passed tests are of no interest. */
function takeDiagnostic({ file, message }) {
  if (file !== undefined) failed.findLast(({ data }) => data.file === file)?.diagnostics.push(message);
}

/** Runs files and collects what became of their tests; a dot a test, so that a long run shows life. */
async function runFiles(files, options) {
  if (files.length === 0) return;
  const output = new Map(); // what files wrote outside their tests, for the failed ones
  const firstFailure = failed.length;
  for await (const { type, data } of run({ files, timeout: FILE_TIMEOUT, ...options })) {
    if (type === 'test:pass') takePass(data);
    else if (type === 'test:fail') takeFail(data);
    else if (type === 'test:diagnostic') takeDiagnostic(data);
    else if (type === 'test:stderr') output.set(data.file, (output.get(data.file) ?? '') + data.message);
    if (type === 'test:fail' || type === 'test:pass') process.stdout.write(type === 'test:fail' ? '✖' : '.');
  }
  process.stdout.write('\n');
  const failures = failed.slice(firstFailure);
  for (const failure of failures) tellFailure(failure);
  for (const file of new Set(failures.map(({ data }) => data.file))) {
    if (output.has(file)) console.log(`\n${relative(root, file)} wrote to standard error:\n${output.get(file)}`);
  }
}

function testFiles() {
  const names = readdirSync(built, { recursive: true }).filter((name) => name.endsWith('.test.js'));
  return names.map((name) => join(built, name)).sort();
}

/** Files and name patterns that `--only` leaves. */
function select(files, only) {
  if (only === undefined) return { files, options: {} };
  const matching = files.filter((file) => relative(root, file).includes(only));
  return matching.length > 0 ? { files: matching, options: {} } : { files, options: { testNamePatterns: [only] } };
}

/** Tells what was skipped and why; returns whether this run may pass with it. */
function tellSkips() {
  if (skipped.length > 0) console.log('\nskipped:');
  let mayPass = true;
  for (const { data, reason } of skipped) {
    const line = `${nameOf(data)}: ${reason}`;
    const allowed = ALLOWED_SKIPS.some((pattern) => pattern.test(line));
    if (!allowed) mayPass = false;
    console.log(`  ${line}`);
  }
  if (mayPass || process.env.CI !== 'true') return true;
  console.log('On CI nothing may be skipped: this run has failed.');
  return false;
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const missing = missingSentence(['lab', 'c-miredo', 'manual']);
  if (missing !== undefined) console.log(`Some tests will be skipped, ${missing}`);
  const { files, options } = select(testFiles(), values.only);
  const isIntegration = (file) => INTEGRATION.test(relative(root, file));
  await runFiles(
    files.filter((file) => !isIntegration(file)),
    { ...options, concurrency: 2 },
  );
  await runFiles(files.filter(isIntegration), { ...options, concurrency: 1 });
  const mayPass = tellSkips();
  if (passed.length + failed.length === 0) console.log('No test ran.');
  process.exitCode = mayPass && failed.length === 0 && passed.length > 0 ? 0 : 1;
  console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
}

prepareUserNamespace();
if (missingSentence(['lab']) === undefined && labAccess().kind === 'user-namespace') {
  process.exitCode = await runInUserNamespace(fileURLToPath(import.meta.url), process.argv.slice(2));
} else {
  await main();
}
