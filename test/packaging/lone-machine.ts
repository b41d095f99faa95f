/**
 * A process that owns a machine and does nothing more, for the test of what becomes of it when its owner is killed. Prints
 * one line of JSON when systemd runs.
 */
import { createLab } from '../lab/lab.js';
import { freshTree } from './fresh-tree.js';
import { Machine } from './machine.js';

const lab = await createLab({ nats: ['port-restricted'] });
const options = { lab, place: lab.client(0), tree: await freshTree(), shared: lab.directory };
const machine = await Machine.make(options);
await machine.boot();
process.stdout.write(`${JSON.stringify({ name: lab.name, processes: machine.processes })}\n`);
setInterval(() => undefined, 60_000); // something to live for
