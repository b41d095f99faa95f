/** Whether there is to be a tunnel on the network as it is: what the rules say, and in whose words it is told. */
import { NETWORK_CONF, type NetworkRules, type Policy } from '../../config/network-conf.js';
import type { HoldCode } from '../holds.js';

/** A connection of NetworkManager's that is up. */
export interface Connection {
  /** What people call it. */
  readonly id: string;
  readonly uuid: string;
  readonly isVpn: boolean;
  /** What its user data say of the tunnel; undefined when nothing, or when they are not for us to see. */
  readonly wish: Policy | undefined;
}

/** The policy in force, and where it comes from. */
export interface Ruling {
  readonly policy: Policy;
  /** undefined: the rule for all. */
  readonly connection: Connection | undefined;
  /** Of the file; undefined when the connection's own user data say it, or when it is the rule for all. */
  readonly line: number | undefined;
}

/** What holds the tunnel, and the sentence that says why and what to do to have it all the same. */
export type HoldSentences = { readonly [Code in Exclude<HoldCode, 'asleep'>]?: string };

/**
 * VPNs come before the connection that carries them. For each, the administrator's file comes before the connection's
 * own words, and its uuid before its id. The first that says something counts.
 */
export function ruleFor(rules: NetworkRules, connections: readonly Connection[]): Ruling {
  const inOrder = [...connections.filter(({ isVpn }) => isVpn), ...connections.filter(({ isVpn }) => !isVpn)];
  for (const connection of inOrder) {
    const { uuid, id } = connection;
    const rule =
      rules.connections.find(({ name }) => name.toLowerCase() === uuid.toLowerCase()) ??
      rules.connections.find(({ name }) => name === id);
    if (rule !== undefined) return { policy: rule.policy, connection, line: rule.line };
    if (connection.wish !== undefined) return { policy: connection.wish, connection, line: undefined };
  }
  return { policy: rules.policy, connection: undefined, line: undefined };
}

export function holdsBy(ruling: Ruling, hasNativeIpv6: boolean): HoldSentences {
  if (ruling.policy === 'never') return { 'network-policy': offSentence(ruling) };
  if (ruling.policy === 'automatic' && hasNativeIpv6) return { 'native-ipv6': NATIVE };
  return {};
}

const NATIVE =
  'The network has IPv6 of its own; Teredo is not needed. ' +
  `To have the tunnel all the same, put "Policy = always" into ${NETWORK_CONF} and reload (systemctl reload miredo).`;

function offSentence({ connection, line }: Ruling): string {
  if (connection === undefined) {
    return `"Policy = never" in ${NETWORK_CONF} keeps the tunnel off; change that and reload (systemctl reload miredo).`;
  }
  if (line !== undefined) {
    return (
      `"Policy = never" for the connection ${connection.id} (${NETWORK_CONF}:${line}) keeps the tunnel off; ` +
      'change that and reload (systemctl reload miredo).'
    );
  }
  return (
    `The user data of the connection ${connection.id} (org.miredo=never) keep the tunnel off; change them, or give it ` +
    `"Policy = always" in ${NETWORK_CONF} and reload (systemctl reload miredo).`
  );
}

/** For the log: `never, by the connection Office`. */
export function describeRuling({ policy, connection, line }: Ruling): string {
  if (connection === undefined) return policy;
  return `${policy}, by ${line === undefined ? 'the user data of ' : ''}the connection ${connection.id}`;
}
