/** The peer table with very many entries: bytes for each, and the time to find one among them. */

import { SystemEntropy } from '../../daemon/io/entropy.js';
import { PeerTable } from '../../daemon/protocol/peer-table.js';
import type { Instant } from '../../daemon/protocol/time.js';
import type { Results } from './results.js';

const LOOKUPS = 2_000_000;

/** A Teredo address of client `number`, of several servers, mappings and ports. */
function writeAddress(view: DataView, number: number): void {
  view.setUint32(0, 0x20010000);
  view.setUint32(4, 0xcb007100 + (number & 7));
  view.setUint32(8, number & 0xffff);
  view.setUint32(12, (number * 2654435761) >>> 0);
}

export function measurePeerTable(count: number, results: Results): void {
  const table = new PeerTable(count, new SystemEntropy());
  const view = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < count; i++) {
    writeAddress(view, i);
    table.trust(i as Instant, table.insert(i as Instant, view, 0), 0xc6336400 + (i & 255), i & 0xffff);
  }
  let found = 0;
  const start = performance.now();
  for (let i = 0; i < LOOKUPS; i++) {
    writeAddress(view, (Math.imul(i, 48271) >>> 0) % count);
    if (table.find(view, 0) >= 0) found++;
  }
  const nanoseconds = ((performance.now() - start) * 1e6) / LOOKUPS;
  if (found !== LOOKUPS) throw new Error(`${found} of ${LOOKUPS} peers found`);
  results.add(`peer-table-${count}-look-up`, 'ours', 'ns', nanoseconds);
  results.add(`peer-table-${count}-entry`, 'ours', 'bytes', table.byteLength / count);
}
