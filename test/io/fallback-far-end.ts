/**
 * The far end of a bridge, for fallback.test.ts: in a namespace of its own, with a TUN device of its own, over a UDP
 * socket of its parent's namespace that it inherits as descriptor 3. Says what its device gives, sends back what comes
 * over TCP and UDP, ends when its standard input does, and says what the path counted.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { openTun, type TunOffload } from '../../daemon/io/descriptors.js';
import { openPacketPath, type PathOffload } from '../../daemon/io/kernel-path.js';
import { configureLink } from '../../daemon/io/link.js';
import { port } from '../../daemon/wire/ipv4.js';
import { bridge } from '../support/bridge.js';
import { LOOPBACK } from '../support/loopback.js';
import { address } from '../support/tun.js';

const [peer, tunOffload, pathOffload = ''] = process.argv.slice(2);
const device = openTun('mtest%d', tunOffload as TunOffload);
if (!device.ok) throw new Error(device.sentence);
const addresses = [{ address: address('2001:db8:9::2'), prefixLength: 64 }];
const configured = await configureLink(device.name, { mtu: 1280, addresses, routes: [] });
if (!configured.ok) throw new Error(configured.sentence);
const path = openPacketPath({ tun: device.fd, sockets: [3] }, JSON.parse(pathOffload) as PathOffload);
bridge(path, { address: LOOPBACK, port: port(Number(peer)) });

const server = createServer({ allowHalfOpen: true }, (connection) => connection.pipe(connection));
const datagrams = createSocket('udp6', (message, from) => datagrams.send(message, from.port, from.address));
datagrams.bind(7002, '2001:db8:9::2', () => server.listen(7001, '2001:db8:9::2', () => console.log(device.offload)));
process.stdin.resume().on('end', () => {
  server.close();
  datagrams.close();
  path.close();
  console.log(JSON.stringify(path.counters()));
});
