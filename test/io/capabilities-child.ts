/**
 * A program that capabilities.test.ts starts, with an IPC channel: `capabilities-child.js NAMES`, NAMES being the
 * argument of limitCapabilities() as JSON. Sends what it returned, then what a program sees that it starts.
 * Stays until the test has looked at it.
 */
import { spawnSync } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { limitCapabilities } from '../../daemon/io/capabilities.js';

process.once('disconnect', () => process.exit());
process.send?.(limitCapabilities(JSON.parse(process.argv[2] ?? '[]')));
// Threads that start later.
await promisify(pbkdf2)('password', 'salt', 1, 20, 'sha256');
process.send?.(spawnSync('cat', ['/proc/self/status'], { encoding: 'utf8' }).stdout);
