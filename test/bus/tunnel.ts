/** The tunnel that most tests of the bus look at. */
import type { TestContext } from 'node:test';
import { PRIMARY, type Running, Stage } from '../daemon/stage.js';

/** A line of a configuration: nobody waits for hosts behind a relay that is not there. */
export const NO_IPV6_TEST = 'Ipv6TestAddress none\n';

/** A server, and a client of it that is qualified and on the bus. `config`: more of the client's lines. */
export async function startTunnel(context: TestContext, config = ''): Promise<Running> {
  const stage = new Stage(context);
  await stage.startServer();
  return startClient(stage, config);
}

/** A client of a server that runs already. */
export async function startClient(stage: Stage, config = ''): Promise<Running> {
  const client = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n${config}` });
  await client.line(/on the message bus/);
  await client.line(/qualified: /);
  return client;
}
