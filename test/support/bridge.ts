/** A tunnel without rules: every packet goes to one peer, every datagram to the IPv6 side. */
import assert from 'node:assert/strict';
import {
  type PacketPath,
  ROW_ADDRESS,
  ROW_PORT,
  ROW_STRIDE,
  ROW_VERDICT,
  VERDICT_FORWARD,
} from '../../daemon/io/packet-path.js';
import type { Endpoint } from '../../daemon/wire/ipv4.js';

/** Starts the path. */
export function bridge(path: PacketPath, peer: Endpoint): void {
  path.start({
    handleDatagrams: (count) => {
      const { rows } = path.inbound;
      for (let row = 0; row < count * ROW_STRIDE; row += ROW_STRIDE) rows[row + ROW_VERDICT] = VERDICT_FORWARD;
    },
    handlePackets: (count) => {
      const { rows } = path.outbound;
      for (let row = 0; row < count * ROW_STRIDE; row += ROW_STRIDE) {
        rows[row + ROW_ADDRESS] = peer.address;
        rows[row + ROW_PORT] = peer.port;
        rows[row + ROW_VERDICT] = VERDICT_FORWARD;
      }
    },
    handleFailure: (failure) => assert.fail(failure.sentence),
  });
}
