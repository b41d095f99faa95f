/**
 * The lab's hand inside a namespace: opens sockets there on request. Started by {@link startAgent} with an IPC channel,
 * and ends when that closes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import {
  type AgentOperations,
  type AgentReply,
  type AgentRequest,
  type Answer,
  type Ask,
  type BurstResult,
  type Datagram,
  ECHO_TCP_PORT,
  ECHO_UDP_PORT,
  HTTP_BODY,
  HTTP_PORT,
  type Operation,
  type TransferResult,
} from './agent-protocol.js';

/** A datagram of a burst begins with the burst's name and its own number. */
const BURST_OFFSET = 0;
const NUMBER_OFFSET = 4;
const BURST_HEADER = 8;

/** Numbers that arrived, by burst. BOUNDED: the bursts of one lab's tests. */
const arrived = new Map<number, number[]>();

async function serveUdpEcho(): Promise<void> {
  const socket = createSocket({ type: 'udp6' });
  socket.on('message', (message, from) => {
    if (message.length >= BURST_HEADER) {
      const burst = message.readUInt32BE(BURST_OFFSET);
      const numbers = arrived.get(burst) ?? [];
      numbers.push(message.readUInt32BE(NUMBER_OFFSET));
      arrived.set(burst, numbers);
    }
    socket.send(message, from.port, from.address);
  });
  socket.bind(ECHO_UDP_PORT, '::');
  await once(socket, 'listening');
}

async function serveTcpEcho(): Promise<void> {
  const server = createTcpServer({ allowHalfOpen: true }, (connection) => {
    connection.on('error', () => connection.destroy());
    connection.pipe(connection);
  });
  server.listen(ECHO_TCP_PORT, '::');
  await once(server, 'listening');
}

async function serveHttp(): Promise<void> {
  const server = createHttpServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'x-your-address': request.socket.remoteAddress ?? '' });
    response.end(HTTP_BODY);
  });
  server.listen(HTTP_PORT, '::');
  await once(server, 'listening');
}

async function serve(): Promise<true> {
  await Promise.all([serveUdpEcho(), serveTcpEcho(), serveHttp()]);
  return true;
}

interface OpenSocket {
  readonly socket: Socket;
  /** BOUNDED: what a test sends in its few steps. */
  readonly waiting: Datagram[];
}

/** BOUNDED: the sockets that one test opens. */
const sockets = new Map<string, OpenSocket>();

async function openSocket({ name, address, port }: Ask<'openSocket'>): Promise<number> {
  const socket = createSocket({ type: 'udp4' });
  const waiting: Datagram[] = [];
  socket.on('message', (message, from) => {
    waiting.push({ address: from.address, port: from.port, text: message.toString() });
    socket.emit('arrived');
  });
  socket.bind(port, address ?? '0.0.0.0');
  await once(socket, 'listening');
  sockets.set(name, { socket, waiting });
  return socket.address().port;
}

function socketNamed(name: string): OpenSocket {
  const open = sockets.get(name);
  if (open === undefined) throw new Error(`no socket is named ${name}`);
  return open;
}

async function send({ socket, address, port, text }: Ask<'send'>): Promise<true> {
  const open = socketNamed(socket);
  await new Promise<void>((resolve, reject) => {
    open.socket.send(text, port, address, (error) => (error === null ? resolve() : reject(error)));
  });
  return true;
}

async function receive({ socket, timeout }: Ask<'receive'>): Promise<Datagram | null> {
  const open = socketNamed(socket);
  if (open.waiting.length === 0) {
    await once(open.socket, 'arrived', { signal: AbortSignal.timeout(timeout) }).catch(() => undefined);
  }
  return open.waiting.shift() ?? null;
}

/** Resolves when the socket says `complete`, or falls silent, or the time is up. */
function untilSettled(socket: Socket, quiet: number, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const end = setTimeout(resolve, timeout);
    let silence: NodeJS.Timeout | undefined;
    socket.on('message', () => {
      clearTimeout(silence);
      silence = setTimeout(resolve, quiet);
    });
    socket.on('complete', resolve);
    socket.on('close', () => {
      clearTimeout(end);
      clearTimeout(silence);
    });
  });
}

async function burst({ address, count, size, quiet, timeout }: Ask<'burst'>): Promise<BurstResult> {
  const socket = createSocket({ type: 'udp6' });
  const name = randomBytes(4).readUInt32BE();
  const returned: number[] = [];
  socket.on('message', (message) => {
    returned.push(message.readUInt32BE(NUMBER_OFFSET));
    if (returned.length === count) socket.emit('complete');
  });
  socket.on('error', () => undefined); // ICMPv6 errors; what is missing shows in the result
  socket.bind(0, '::');
  await once(socket, 'listening');
  const settled = untilSettled(socket, quiet, timeout);
  for (let number = 1; number <= count; number += 1) {
    const message = Buffer.alloc(Math.max(size, BURST_HEADER));
    message.writeUInt32BE(name, BURST_OFFSET);
    message.writeUInt32BE(number, NUMBER_OFFSET);
    socket.send(message, ECHO_UDP_PORT, address);
  }
  await settled;
  socket.close();
  return { burst: name, returned };
}

async function transfer({ address, bytes, timeout }: Ask<'transfer'>): Promise<TransferResult> {
  const data = randomBytes(bytes);
  const hash = createHash('sha256');
  const startedAt = performance.now();
  let received = 0;
  const connection = connect({ host: address, port: ECHO_TCP_PORT, allowHalfOpen: true });
  connection.setTimeout(timeout, () => connection.destroy(new Error(`no progress for ${timeout} ms`)));
  connection.on('data', (chunk) => {
    received += chunk.length;
    hash.update(chunk);
  });
  connection.end(data);
  await once(connection, 'end');
  connection.destroy();
  const intact = hash.digest('hex') === createHash('sha256').update(data).digest('hex');
  return { bytes: received, intact, milliseconds: performance.now() - startedAt };
}

async function fetchUrl({ url, timeout }: Ask<'fetch'>): Promise<Answer<'fetch'>> {
  const startedAt = performance.now();
  const request = get(url, { timeout, agent: false });
  request.on('timeout', () => request.destroy(new Error(`${url}: no answer within ${timeout} ms`)));
  const [response] = await once(request, 'response');
  let body = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  await once(response, 'end');
  return { status: response.statusCode ?? 0, body, milliseconds: performance.now() - startedAt };
}

const operations: { [Name in Operation]: (ask: Ask<Name>) => Promise<Answer<Name>> } = {
  serve,
  openSocket,
  send,
  receive,
  burst,
  arrivals: async ({ burst: name }) => arrived.get(name) ?? [],
  transfer,
  fetch: fetchUrl,
};

async function perform<Name extends Operation>(request: AgentRequest<Name>): Promise<AgentReply> {
  try {
    const operation: (ask: AgentOperations[Name]['ask']) => Promise<unknown> = operations[request.operation];
    return { id: request.id, answer: await operation(request.ask) };
  } catch (error) {
    return { id: request.id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (request: AgentRequest) => {
  void perform(request).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit(0));
