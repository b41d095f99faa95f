/**
 * A slow way round: a TUN device that gives each packet back a few milliseconds later, so that those that were sent
 * after it are there before it. Runs in the lab's core; prints "ready".
 */
import { openTun } from '../../daemon/io/descriptors.js';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { ROW_LENGTH, ROW_OFFSET, ROW_STRIDE } from '../../daemon/io/packet-path.js';

/** Milliseconds. */
const DELAY = 2;

const device = openTun('detour', 'none');
if (!device.ok) throw new Error(device.sentence);
const path = openPacketPath({ tun: device.fd, sockets: [] });
path.start({
  handlePackets: (count) => {
    const { rows, bytes } = path.outbound;
    for (let row = 0; row < count * ROW_STRIDE; row += ROW_STRIDE) {
      const offset = rows[row + ROW_OFFSET] ?? 0;
      const packet = bytes.slice(offset, offset + (rows[row + ROW_LENGTH] ?? 0));
      setTimeout(() => path.writePacket(packet), DELAY);
    }
  },
  handleDatagrams: () => undefined,
  handleFailure: ({ sentence }) => {
    throw new Error(sentence);
  },
});
console.log('ready');
