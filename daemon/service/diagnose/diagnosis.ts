/** Runs the steps one after the other, each within its time, and tells of each. */
import type { BusConnection } from '../../../dbus/connection.js';
import { probeOptions, type TunnelControl } from '../bus/tunnel-control.js';
import { fault } from '../log-messages.js';
import { type Measurement, measure, type ProbeTarget } from '../probe/server-probe.js';
import { FIREWALL } from './firewall.js';
import { MTU } from './mtu.js';
import { DNS, NETWORK } from './network.js';
import { NETWORK_MANAGER } from './network-manager.js';
import { PREFERENCE } from './preference.js';
import { NAT, SERVER, UDP } from './servers.js';
import { type Finding, type Question, type Scene, type Step, text } from './steps.js';
import { QUALIFIED, RELAY } from './tunnel.js';

const QUESTIONS: readonly Question[] = [
  NETWORK,
  DNS,
  UDP,
  SERVER,
  NAT,
  QUALIFIED,
  RELAY,
  PREFERENCE,
  NETWORK_MANAGER,
  MTU,
  FIREWALL,
];

/** Milliseconds for a step: DNS may take its time. */
const STEP_TIMEOUT = 30_000;
/** BOUNDED: servers that are asked beside the one in use. */
const OTHERS = 7;

export async function diagnose(
  control: TunnelControl,
  bus: BusConnection,
  heard: (step: Step) => void,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const scene = sceneOf(control, bus, signal);
  const steps: Step[] = [];
  for (const question of QUESTIONS) {
    if (signal.aborted) break;
    heard({ id: question.id, verdict: 'running', sentence: question.doing, details: {} });
    const step = stepOf(question, await answerInTime(question, scene, control));
    if (signal.aborted) break;
    steps.push(step);
    heard(step);
  }
  return steps;
}

function sceneOf(control: TunnelControl, bus: BusConnection, signal: AbortSignal): Scene {
  let measurement: Promise<Measurement> | undefined;
  const targets = targetsOf(control);
  return {
    // What is true when a step asks, not what was when the diagnosis began.
    get state() {
      return control.state;
    },
    get facts() {
      return control.facts;
    },
    targets,
    bus,
    user: control.user,
    signal,
    measurement: () => {
      measurement ??= measure(targets, { ...probeOptions(control), signal }, true);
      return measurement;
    },
    testReachability: () => control.testReachability(),
    learnt: (filtering) => control.learnt(filtering),
  };
}

function targetsOf({ facts, servers }: TunnelControl): readonly ProbeTarget[] {
  const { list } = servers;
  const inUse = facts?.server ? list.resolve(facts.server) : undefined;
  const first = inUse?.ok === true ? [inUse.target] : [];
  const others = list.targets.filter(({ name }) => name !== first[0]?.name);
  return [...first, ...others].slice(0, 1 + OTHERS);
}

async function answerInTime(question: Question, scene: Scene, { log }: TunnelControl): Promise<Finding> {
  const { signal } = scene;
  let timer: NodeJS.Timeout | undefined;
  let giveUp = (): void => {};
  const late = new Promise<Finding>((resolve) => {
    const sentence = `No answer to this within ${STEP_TIMEOUT / 1000} s.`;
    timer = setTimeout(() => resolve({ verdict: 'skipped', sentence }), STEP_TIMEOUT);
    giveUp = () => resolve({ verdict: 'skipped', sentence: 'This was given up.' });
    signal.addEventListener('abort', giveUp);
  });
  try {
    return await Promise.race([question.ask(scene), late]);
  } catch (thrown) {
    // A step that cannot be taken says so; the others are taken all the same.
    log(...fault(thrown));
    return { verdict: 'skipped', sentence: 'This could not be looked at; see the log of the daemon.' };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

function stepOf({ id }: Question, { verdict, sentence, remedy, command, facts }: Finding): Step {
  const details = {
    ...facts,
    ...(remedy === undefined ? {} : { remedy: text(remedy) }),
    ...(command === undefined ? {} : { command: text(command) }),
  };
  return { id, verdict, sentence, details };
}
