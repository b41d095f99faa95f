/** What the firewall lets in, in words. */
import type { Firewall } from '../../dbus/snapshot.js';
import type { Translate } from '../shared/messages.js';

export function firewallWords({ isWanted, isActive, open }: Firewall, say: Translate): string {
  if (!isWanted) return say('details.firewall.off');
  if (!isActive) return say('details.firewall.missing');
  return open.length === 0 ? say('details.firewall.closed') : say('details.firewall.open', { ports: open.join(', ') });
}
