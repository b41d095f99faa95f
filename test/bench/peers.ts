/** A relay with very many peers: bytes for each, and the time to find one among them. */

import { SystemEntropy } from '../../daemon/io/entropy.js';
import { PeerTable } from '../../daemon/protocol/peer-table.js';
import type { Instant } from '../../daemon/protocol/time.js';

const LOOKUPS = 2_000_000;

/** A Teredo address of client `number`, of several servers, mappings and ports. */
function writeAddress(view: DataView, number: number): void {
  view.setUint32(0, 0x20010000);
  view.setUint32(4, 0xcb007100 + (number & 7));
  view.setUint32(8, number & 0xffff);
  view.setUint32(12, (number * 2654435761) >>> 0);
}

export function benchPeers(count: number): string {
  const before = process.memoryUsage().rss;
  const table = new PeerTable(count, new SystemEntropy());
  const view = new DataView(new ArrayBuffer(16));
  for (let i = 0; i < count; i++) {
    writeAddress(view, i);
    table.trust(i as Instant, table.insert(i as Instant, view, 0), 0xc6336400 + (i & 255), i & 0xffff);
  }
  const resident = process.memoryUsage().rss - before;
  let found = 0;
  const start = performance.now();
  for (let i = 0; i < LOOKUPS; i++) {
    writeAddress(view, (Math.imul(i, 48271) >>> 0) % count);
    if (table.find(view, 0) >= 0) found++;
  }
  const nanoseconds = ((performance.now() - start) * 1e6) / LOOKUPS;
  const each = (table.byteLength / count).toFixed(1);
  return (
    `${count} peers: ${each} bytes each, ${(resident / 1e6).toFixed(1)} MB resident, ` +
    `${nanoseconds.toFixed(0)} ns a look-up (${found} of ${LOOKUPS} found)`
  );
}
