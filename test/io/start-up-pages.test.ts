/** Memory given back after the start: less is resident, and everything works on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ADDON = fileURLToPath(new URL('../../../daemon/io/native/build/Release/packet_path.node', import.meta.url));

/** Prints the kibibytes that are resident before, right after, and when code has been compiled and run again. */
const PROGRAM = `
const { readFileSync } = require('node:fs');
const resident = () => Number(/^VmRSS:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const addon = require(${JSON.stringify(ADDON)});
const work = () => JSON.stringify(Array.from({ length: 1000 }, (_, i) => new Function('x', 'return x * ' + i)(2)));
const first = work();
const before = resident();
addon.releaseStartUpPages();
const released = resident();
if (work() !== first || require('node:crypto').createHash('sha256').update('x').digest('hex').length !== 64) process.exit(1);
console.log(JSON.stringify([before, released, resident()]));
`;

test('half of what is resident after the start goes, and the program works on', () => {
  const said = execFileSync(process.execPath, ['-e', PROGRAM], { encoding: 'utf8' });
  const [before, released, later] = JSON.parse(said) as [number, number, number];
  assert.ok(released < before / 2, `${before} kB before, ${released} kB after`);
  assert.ok(later < before, `${before} kB before, ${later} kB when it has worked again`);
});
