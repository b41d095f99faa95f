/** What is known of the NAT, in words. */
import type { Nat } from '../../dbus/snapshot.js';
import type { MessageKey, Translate } from '../shared/messages.js';

export function natWords(nat: Nat, say: Translate): string {
  if (nat.isPublic) return say('nat.public');
  return say(nat.portPreserving ? 'nat.preserving' : 'nat.changing', { nat: say(kindOf(nat)) });
}

type Kind = MessageKey & ('nat.cone' | 'nat.restricted' | 'nat.endpoint-independent' | 'nat.symmetric' | 'nat.unknown');

function kindOf({ mapping, filtering }: Nat): Kind {
  if (mapping === 'symmetric') return 'nat.symmetric';
  if (mapping !== 'endpoint-independent') return 'nat.unknown';
  if (filtering === 'endpoint-independent') return 'nat.cone';
  return filtering === 'dependent' ? 'nat.restricted' : 'nat.endpoint-independent';
}
