/**
 * A process that owns a lab and does nothing more, for the tests of what becomes of a lab when its owner ends.
 *
 *     node build/test/lab/lone-owner.js [exit]
 *
 * Prints one line of JSON when the lab stands; with `exit` it then ends by itself.
 */
import { createLab } from './lab.js';
import { prepareUserNamespace } from './privilege.js';
import { namespacesOf } from './topology.js';

prepareUserNamespace();
const lab = await createLab({ nats: ['port-restricted'] });
const program = lab.spawn(lab.client(0), ['sleep', '1000']);
const reached = await lab.ping(lab.client(0), lab.host.ipv4[0] ?? '');
const report = {
  directory: lab.directory,
  namespaces: namespacesOf(lab.topology),
  pid: program.pid,
  answers: reached.received,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
if (process.argv[2] === 'exit') process.exit(0);
setInterval(() => undefined, 60_000); // something to live for
