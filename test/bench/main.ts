/**
 * `npm run bench`. Numbers are printed, never asserted: they depend on the machine and on what else it does. Where C
 * miredo plays as well, it does so in turns with ours.
 */

import { benchPeers } from './peers.js';
import { benchQualification } from './qualification.js';
import { benchServer } from './server.js';

for (const count of [1_000, 100_000, 1_000_000]) console.log(benchPeers(count));
console.log(benchServer(500_000));
await benchQualification();
await import('./packet-path.js');
