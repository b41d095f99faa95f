/** Standard error of a real process: a pipe, a file that journald reads or not, and a reader that does not read. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeEntry } from './journal-entry.js';
import { Receiver, temporaryFolder } from './log-sockets.js';

const CHILD = fileURLToPath(new URL('log-child.js', import.meta.url));
const PLAIN = 'miredo: tunnel\\nup\nmiredo: warning: slow\nmiredo: error: broken\n';
const PREFIXED = '<5>tunnel\\nup\n<4>slow\n<3>broken\n';

function start(words: string[], stderr: 'pipe' | number, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const { JOURNAL_STREAM: _, ...env } = process.env;
  return spawn(process.execPath, [CHILD, ...words], {
    stdio: ['pipe', 'pipe', stderr],
    env: { ...env, ...environment },
  });
}

/** Standard error as a file; the stream that systemd would name is its own, or another one. */
async function runWithFile(t: TestContext, journal: string, stream: 'matches' | 'differs'): Promise<string> {
  const path = `${temporaryFolder(t)}/stderr`;
  const fd = openSync(path, 'w');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const name = stream === 'matches' ? `${dev}:${ino}` : `${dev}:${ino + 1n}`;
  const child = start([journal, 'levels'], fd, { JOURNAL_STREAM: name });
  closeSync(fd);
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  return readFileSync(path, 'utf8');
}

test('people get the program and the word', async (t) => {
  const child = start([`${temporaryFolder(t)}/none`, 'levels'], 'pipe');
  assert.equal(await text(child.stderr as Readable), PLAIN);
});

test('under systemd journald gets entries, and standard error nothing', async (t) => {
  const journal = await Receiver.open(t, `${temporaryFolder(t)}/journal`);
  assert.equal(await runWithFile(t, journal.path, 'matches'), '');
  const entries = [await journal.next(), await journal.next(), await journal.next()].map(decodeEntry);
  assert.deepEqual(
    entries.map((entry) => entry['MESSAGE']),
    ['tunnel\\nup', 'slow', 'broken'],
  );
  assert.equal(entries[0]?.['MIREDO_STATE'], 'qualified');
});

test('without its socket journald gets lines with priorities', async (t) => {
  assert.equal(await runWithFile(t, `${temporaryFolder(t)}/none`, 'matches'), PREFIXED);
});

test('a redirected standard error is not the journal, whatever the environment says', async (t) => {
  const journal = await Receiver.open(t, `${temporaryFolder(t)}/journal`);
  assert.equal(await runWithFile(t, journal.path, 'differs'), PLAIN);
});

test('what was said just before the end is written', async (t) => {
  const child = start([`${temporaryFolder(t)}/none`, 'exit'], 'pipe');
  assert.equal(await text(child.stderr as Readable), 'miredo: last words\n');
});

/** Every number once and in order, but for a gap with the right count. */
function checkFlood(written: string): void {
  let next = 0;
  for (const line of written.trimEnd().split('\n')) {
    const lost = /^miredo: warning: (\d+) messages were lost here/.exec(line)?.[1];
    if (lost !== undefined) next += Number(lost);
    else assert.equal(line, `miredo: ${next++} ${'x'.repeat(1000)}`);
  }
  assert.equal(next, 1000);
}

/** Reads until the last line is there. */
async function readFlood(stream: Readable): Promise<string> {
  let written = '';
  for await (const chunk of stream) {
    written += String(chunk);
    if (/: 999 x+\n$/.test(written)) break;
  }
  return written;
}

async function notStuck(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout as Readable });
  assert.deepEqual(await once(lines, 'line'), ['not stuck']);
}

test('a pipe that nobody reads does not hold the program, and gets everything later', async (t) => {
  const path = `${temporaryFolder(t)}/pipe`;
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const both = openSync(path, constants.O_RDWR);
  const child = start([`${temporaryFolder(t)}/none`, 'flood'], both);
  await notStuck(child);
  const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  closeSync(both);
  checkFlood(await readFlood(reader.stdout));
  child.stdin?.write('end\n');
});

test('a socket that nobody reads does not hold the program, and gets everything later', async (t) => {
  const child = start([`${temporaryFolder(t)}/none`, 'flood'], 'pipe');
  await notStuck(child);
  checkFlood(await readFlood(child.stderr as Readable));
  child.stdin?.write('end\n');
});

test('a reader that never comes does not hold the end', async (t) => {
  const child = start([`${temporaryFolder(t)}/none`, 'flood'], 'pipe');
  await notStuck(child);
  child.stdin?.write('end\n');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
