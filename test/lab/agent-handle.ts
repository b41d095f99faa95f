/**
 * The lab's side of an agent: starts it inside a namespace and turns requests into promises.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentReply, Answer, Ask, Operation } from './agent-protocol.js';
import { inNamespace } from './namespaces.js';

export interface Agent {
  readonly pid: number;
  ask<Name extends Operation>(operation: Name, ask: Ask<Name>): Promise<Answer<Name>>;
  stop(): void;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(reason: Error): void;
}

const AGENT = fileURLToPath(new URL('./agent.js', import.meta.url));

function startChild(namespace: string, logFile: string): ChildProcess {
  const [command = '', ...args] = inNamespace(namespace, [process.execPath, AGENT]);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  return child;
}

export function startAgent(namespace: string, logFile: string): Agent {
  const child = startChild(namespace, logFile);
  const pending = new Map<number, Pending>(); // BOUNDED: the requests that a test has under way
  let lastId = 0;
  child.on('message', (reply: AgentReply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('failure' in reply) waiting?.reject(new Error(`in ${namespace}: ${reply.failure}`));
    else waiting?.resolve(reply.answer);
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of pending.values()) reject(new Error(`agent in ${namespace} ended: ${code ?? signal}`));
    pending.clear();
  });
  // Neither the agent nor its channel keeps the owner running.
  child.unref();
  child.channel?.unref();
  return {
    pid: child.pid ?? 0,
    ask: <Name extends Operation>(operation: Name, ask: Ask<Name>): Promise<Answer<Name>> =>
      new Promise((resolve, reject) => {
        lastId += 1;
        pending.set(lastId, { resolve: (answer) => resolve(answer as Answer<Name>), reject });
        child.channel?.ref();
        child.send({ id: lastId, operation, ask });
      }).finally(() => {
        if (pending.size === 0) child.channel?.unref();
      }) as Promise<Answer<Name>>,
    stop: () => {
      if (child.connected) child.disconnect();
    },
  };
}
