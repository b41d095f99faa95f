/** What the steps of a diagnosis come to: "why does my browser not use it?" */
import type { Step } from '../../dbus/reports.js';
import type { Snapshot } from '../../dbus/snapshot.js';

/** For scripts; never renamed. */
export type ConclusionCode =
  | 'stopped'
  | 'not-qualified'
  | 'no-relay'
  | 'blocked'
  | 'ipv4-preferred'
  | 'native-ipv6'
  | 'works';

export interface Conclusion {
  readonly code: ConclusionCode;
  /** Two facts, which are not the same. */
  readonly isQualified: boolean;
  /** undefined when not known. */
  readonly isIpv6Reachable: boolean | undefined;
  /** Why programs use the tunnel, or do not. */
  readonly sentences: readonly string[];
  /** What to do about it; undefined when there is nothing to be done. */
  readonly remedy: string | undefined;
  readonly command: string | undefined;
}

/** Steps that say whether there can be a tunnel, in the order in which one needs the other. */
const CAUSES = ['network', 'dns', 'udp', 'server', 'nat'];
const UP_TO_QUALIFIED = [...CAUSES, 'qualified'];
/** Steps that say whether a qualified tunnel carries what programs send. */
const BEHIND_IT = ['relay', 'network-manager', 'mtu', 'firewall'];
const KNOWN = [...UP_TO_QUALIFIED, ...BEHIND_IT, 'preference'];

export function conclude(steps: readonly Step[], snapshot: Snapshot | undefined): Conclusion {
  const step = (id: string): Step | undefined => steps.find((one) => one.id === id);
  const failedOf = (ids: readonly string[]): Step | undefined =>
    ids.map(step).find((one) => one !== undefined && one.verdict === 'failed');
  const facts = {
    isQualified: snapshot === undefined ? step('qualified')?.verdict === 'ok' : snapshot.state === 'qualified',
    isIpv6Reachable: reachable(step('relay')) ?? snapshot?.isIpv6Reachable,
  };
  const told = (code: ConclusionCode, sentences: readonly string[], from?: Partial<Step>): Conclusion => ({
    ...facts,
    code,
    sentences,
    remedy: from?.remedy,
    command: from?.command,
  });
  if (!facts.isQualified) return notQualified(failedOf, snapshot, told);
  if (facts.isIpv6Reachable === false) {
    const relay = step('relay');
    return told('no-relay', NO_RELAY, relay?.remedy === undefined ? { remedy: RELAY_REMEDY } : relay);
  }
  // Where the Internet answers, a server that is half silent is in nobody's way.
  const inTheWay = failedOf(BEHIND_IT) ?? (facts.isIpv6Reachable === true ? undefined : failedOf(UP_TO_QUALIFIED));
  const broken = inTheWay ?? steps.find(({ id, verdict }) => verdict === 'failed' && !KNOWN.includes(id));
  if (broken !== undefined) {
    return told('blocked', ['The tunnel is up, but something is in its way:', broken.sentence], broken);
  }
  const preference = step('preference');
  if (preference !== undefined && isForIpv4(preference)) return told('ipv4-preferred', IPV4_PREFERRED, preference);
  return told('works', facts.isIpv6Reachable === true ? WORKS : WORKS_MAYBE);
}

const isForIpv4 = ({ verdict, remedy }: Step): boolean => verdict === 'warning' || remedy !== undefined;

type Told = (code: ConclusionCode, sentences: readonly string[], from?: Partial<Step>) => Conclusion;

function notQualified(
  failedOf: (ids: readonly string[]) => Step | undefined,
  snapshot: Snapshot | undefined,
  told: Told,
): Conclusion {
  if (snapshot?.reason?.code === 'native-ipv6') {
    return told('native-ipv6', [
      'Programs do not use the tunnel because this host has IPv6 without it, which is better.',
    ]);
  }
  const cause = failedOf(CAUSES);
  if (snapshot?.state === 'stopped' && !snapshot.isEnabled) {
    const also = cause === undefined ? [] : ['When it is started, this will be in its way:', cause.sentence];
    const sentences = ['Programs do not use the tunnel because it is stopped.', ...also];
    return told('stopped', sentences, { remedy: 'Start it.', command: 'miredoctl start' });
  }
  const broken = cause ?? failedOf(['qualified']);
  const why = cause?.sentence ?? snapshot?.reason?.sentence ?? broken?.sentence;
  const sentences = ['Programs do not use the tunnel because it is not up.', ...(why === undefined ? [] : [why])];
  return told('not-qualified', sentences, broken);
}

function reachable(relay: Step | undefined): boolean | undefined {
  return relay?.verdict === 'ok' ? true : relay?.verdict === 'failed' ? false : undefined;
}

const NO_RELAY = [
  'The tunnel is qualified, but the IPv6 Internet does not answer through it: no relay brings the answers back.',
  'Programs try IPv6, get no answer, and take IPv4. Other Teredo clients can still be reached.',
];
const RELAY_REMEDY =
  'The networks that are to be reached need a relay for 2001::/32, of their own or of their provider.';
const IPV4_PREFERRED = [
  'The tunnel works, and programs use it for what has IPv6 only.',
  'For what has both, browsers and others take IPv4: RFC 6724 ranks Teredo below it, because IPv4 is the shorter way.',
];
const WORKS = ['The tunnel works: it is qualified, the IPv6 Internet answers, and programs may use it.'];
const WORKS_MAYBE = [
  'The tunnel is qualified and nothing is in its way; whether the IPv6 Internet answers is not known yet.',
];
