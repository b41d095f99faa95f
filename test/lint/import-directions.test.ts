import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf, importsOf, withoutCommentsAndStrings } from './import-directions.js';

/** A module of daemon/, its text, and a word of the complaint; no word where there is nothing to complain of. */
const cases: readonly (readonly [file: string, source: string, complaint?: string])[] = [
  ['wire/a.ts', `import { b } from './b.js';`],
  ['wire/a.ts', `import { b } from '../protocol/b.js';`, 'protocol'],
  ['wire/a.ts', `import type { B } from '../protocol/b.js';`, 'protocol'],
  ['wire/a.ts', `import { readFileSync } from 'node:fs';`, 'node:fs'],
  ['wire/a.ts', `import {\n  b,\n  c,\n} from '../io/b.js';`, 'io'],
  ['wire/a.ts', `export { b } from '../io/b.js';`, 'io'],
  ['wire/a.ts', `const b = await import('../io/b.js');`, 'io'],
  ['wire/a.ts', `import '../io/b.js';`, 'io'],
  ['wire/a.ts', `// import { b } from '../io/b.js';\n/* from '../io/b.js' */`],
  ['wire/a.ts', `const now = Date.now();`, 'Date'],
  ['wire/a.ts', `const die = Math.random();`, 'Math.random'],
  ['wire/a.ts', `setTimeout(later, 1);`, 'setTimeout'],
  ['wire/a.ts', `// A Date in a comment, and 'process' in a string:\nconst a = 'process';`],
  ['wire/a.ts', `interface Options {\n  process: number;\n}`],
  ['protocol/a.ts', `import { b } from '../wire/b.js';\nimport { c } from './c.js';`],
  ['protocol/a.ts', `import { b } from '../io/b.js';`, 'io'],
  ['protocol/a.ts', `const t = performance.now();`, 'performance'],
  ['io/a.ts', `import { parseIpv4 } from '../wire/ipv4.js';\nimport { createSocket } from 'node:dgram';`],
  ['io/a.ts', `import type { Bubble } from '../wire/bubble.js';`],
  ['io/a.ts', `import { emitBubble } from '../wire/bubble.js';`, 'types'],
  ['io/a.ts', `import { Relay } from '../protocol/relay.js';`, 'protocol'],
  ['config/a.ts', `import { parseIpv4 } from '../wire/ipv4.js';`],
  ['config/a.ts', `import type { Relay } from '../protocol/relay.js';`, 'protocol'],
  ['tunnel/a.ts', `import { Relay } from '../protocol/relay.js';\nimport type { Config } from '../config/config.js';`],
  ['tunnel/a.ts', `import { readConfig } from '../config/config.js';`, 'types'],
  ['service/a.ts', `import { readFromEngine } from '../tunnel/engine-messages.js';`],
  ['service/a.ts', `import type { TunnelState } from '../protocol/tunnel-state.js';`],
  ['service/a.ts', `import { ClientCore } from '../protocol/client.js';`, 'no values'],
  ['service/a.ts', `import { Tunnel } from '../tunnel/tunnel.js';`, 'no values'],
  ['ctl/a.ts', `import { Client } from '../../dbus/client.js';\nimport { b } from './b.js';`],
  ['ctl/a.ts', `import { version } from '../service/command-line.js';`],
  ['ctl/a.ts', `import { Daemon } from '../service/daemon.js';`, 'service'],
  ['service/a.ts', `import { Client } from '../../dbus/client.js';`, 'outside daemon/'],
  ['../dbus/a.ts', `import { b } from './b.js';\nimport { connect } from 'node:net';`],
  ['../dbus/a.ts', `import { Daemon } from '../daemon/service/daemon.js';`, 'outside daemon/'],
  ['../dbus/a.ts', `import { b } from '../test/b.js';`, 'outside daemon/'],
  ['../tray-app/main/a.ts', `import { Client } from '../../dbus/client.js';\nimport { app } from 'electron';`],
  ['../tray-app/main/a.ts', `import { b } from '../renderer/b.js';`, 'renderer'],
  ['../tray-app/main/a.ts', `import { b } from '../../daemon/ctl/b.js';`, 'outside daemon/'],
  ['../tray-app/shared/a.ts', `import { isBusy } from '../../dbus/snapshot.js';\nimport { b } from './b.js';`],
  ['../tray-app/shared/a.ts', `import { Client } from '../../dbus/client.js';`, 'types'],
  [
    '../tray-app/renderer/a.ts',
    `import type { Step } from '../../dbus/reports.js';\nimport { b } from '../shared/b.js';`,
  ],
  ['../tray-app/renderer/a.ts', `import { b } from '../main/b.js';`, 'main'],
  ['../tray-app/preload/a.ts', `import { b } from '../main/b.js';`, 'main'],
  ['main.ts', `import { readConfig } from './config/config.js';\nimport { Command } from 'commander';`],
  ['main.ts', `import { createLab } from '../test/lab/lab.js';`, 'outside daemon/'],
  ['magic/a.ts', ``, 'no rule'],
];

describe('import directions', () => {
  for (const [file, source, complaint] of cases) {
    test(`${file}: ${source.replaceAll('\n', ' ') || 'unknown folder'}`, () => {
      const sentences = faultsOf(file, source).map((fault) => fault.sentence);
      if (complaint === undefined) assert.deepEqual(sentences, []);
      else assert.match(sentences.join('\n'), new RegExp(complaint));
    });
  }

  test('lines are those of the file', () => {
    const source = `/* one\n two */\nimport {\n  a,\n} from './a.js';\nimport type { B } from './b.js';\n`;
    assert.deepEqual(importsOf(source), [
      { line: 3, specifier: './a.js', typeOnly: false },
      { line: 6, specifier: './b.js', typeOnly: true },
    ]);
    assert.equal(withoutCommentsAndStrings(source).split('\n').length, source.split('\n').length);
  });
});
