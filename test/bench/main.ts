/**
 * `npm run bench`: what can be measured on one machine without another implementation beside it. Numbers are printed,
 * never asserted: they depend on the machine and on what else it does.
 */
import { benchPeers } from './peers.js';
import { benchServer } from './server.js';

for (const count of [1_000, 100_000, 1_000_000]) console.log(benchPeers(count));
console.log(benchServer(500_000));
await import('./packet-path.js');
