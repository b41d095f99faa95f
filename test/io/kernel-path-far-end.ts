/**
 * The far end of a bridge, for kernel-path-tun.test.ts: in a namespace of its own, with a TUN device of its own, over
 * a UDP socket of its parent's namespace that it inherits as descriptor 3. Answers each TCP connection with the
 * SHA-256 of what it sent, and ends when its standard input does.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { openPacketPath } from '../../daemon/io/kernel-path.js';
import { port } from '../../daemon/wire/ipv4.js';
import { bridge } from '../support/bridge.js';
import { LOOPBACK } from '../support/loopback.js';
import { openTestTun } from '../support/tun.js';

const device = await openTestTun('2001:db8:8::2');
const path = openPacketPath({ tun: device.fd, sockets: [3] });
bridge(path, { address: LOOPBACK, port: port(Number(process.argv[2])) });

const server = createServer({ allowHalfOpen: true }, (connection) => {
  const hash = createHash('sha256');
  connection.on('data', (part) => hash.update(part));
  connection.on('end', () => connection.end(hash.digest('hex')));
});
server.listen(7001, '2001:db8:8::2', () => console.log('ready'));
process.stdin.resume().on('end', () => {
  server.close();
  path.close();
});
