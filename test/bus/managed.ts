/** The daemon as the package runs it, in namespaces that cover what it reads and remembers. */
import { rmSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { NETWORK_CONF } from '../../daemon/config/network-conf.js';
import { formatState } from '../../daemon/service/servers/saved-state.js';
import { STATE_FILE } from '../../daemon/service/servers/state-file.js';
import { PRIMARY, type Running, Stage } from '../daemon/stage.js';

/** Rules for scenes without native IPv6: a network that has just appeared is not waited for to show some. */
export const ALWAYS = 'Policy = always\n';

/** Its tunnel was left started; `rules` are those of network.conf. Resolves when it has looked at the network. */
export async function startManaged(t: TestContext, rules = '', server = PRIMARY): Promise<Running> {
  writeFileSync(NETWORK_CONF, rules);
  t.after(() => rmSync(NETWORK_CONF, { force: true }));
  writeFileSync(STATE_FILE, formatState({ enabled: true, choice: undefined, servers: [] }));
  const daemon = new Stage(t).start('miredo', { config: `ServerAddress ${server}\n`, words: ['--managed'] });
  await daemon.line(/on the message bus/);
  return daemon;
}
