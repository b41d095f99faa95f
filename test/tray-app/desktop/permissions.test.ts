/**
 * The app without Electron against the real daemon, bus and polkit, as users who may and who may not: what is pending,
 * refused or dismissed shows as such, and the state is always the daemon's.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Fault } from '../../../dbus/fault.js';
import type { RequestName } from '../../../tray-app/shared/ipc.js';
import type { MenuEntry } from '../../../tray-app/shared/tray-model.js';
import { snapshotIn, type View } from '../../../tray-app/shared/view.js';
import {
  enterBusStage,
  FRIEND,
  freezePolkit,
  property,
  STRANGER,
  startBus,
  startPolkit,
  stopBus,
  stopPolkit,
  thawPolkit,
} from '../../bus/private-bus.js';
import { PRIMARY, Stage } from '../../daemon/stage.js';
import type { ChildMessage } from './app-child.js';
import { waitUntil } from './tray-program.js';

const OPTIONS = { skip: enterBusStage(import.meta.url), timeout: 120_000 };
/** Where every user can read it. */
const CHILD = '/run/app-child.mjs';

type Answer = { readonly ok: true } | { readonly ok: false; readonly fault: Fault };

class AppOf {
  readonly views: View[] = [];
  menu: readonly MenuEntry[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #serial = 0;

  constructor(user: string, env: Readonly<Record<string, string>> = {}) {
    const id = (option: string): number => Number(execFileSync('id', [option, user], { encoding: 'utf8' }));
    const home = `/run/home-${user}`;
    mkdirSync(home, { recursive: true });
    execFileSync('chown', [user, home]);
    this.#child = fork(CHILD, [], {
      uid: id('-u'),
      gid: id('-g'),
      cwd: '/',
      env: { PATH: '/usr/bin', XDG_CONFIG_HOME: home, ...env },
      serialization: 'advanced',
    });
    this.#child.on('message', (message: ChildMessage) => {
      if (message.event === 'answer') this.#waiting.get(message.serial)?.(message.value);
      else {
        this.views.push(message.view as View);
        this.menu = message.menu as readonly MenuEntry[];
      }
    });
  }

  get view(): View | undefined {
    return this.views.at(-1);
  }

  get state(): string | undefined {
    return this.view === undefined ? undefined : snapshotIn(this.view)?.state;
  }

  ask(request: RequestName, ...args: readonly unknown[]): Promise<Answer> {
    this.#serial += 1;
    const serial = this.#serial;
    return new Promise((resolve) => {
      this.#waiting.set(serial, (value) => resolve(value as Answer));
      this.#child.send({ serial, request, args });
    });
  }

  labels(): readonly string[] {
    return this.menu.map((entry) => ('label' in entry ? entry.label : '---'));
  }

  async end(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }
}

describe('who may what', OPTIONS, () => {
  const endings: (() => unknown)[] = [];
  before(async () => {
    await build({
      entryPoints: [fileURLToPath(new URL('app-child.js', import.meta.url))],
      outfile: CHILD,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const __dirname = '/run';`,
      },
      logLevel: 'error',
    });
    await startBus();
    await startPolkit();
    const context = { after: (end: () => unknown) => endings.push(end) };
    const stage = new Stage(context as unknown as ConstructorParameters<typeof Stage>[0]);
    await stage.startServer();
    const daemon = stage.start('miredo', { config: `ServerAddress ${PRIMARY}\n` });
    await daemon.line(/on the message bus/);
  });
  after(async () => {
    for (const end of endings.reverse()) await end();
    await stopPolkit();
    await stopBus();
  });

  test('a stranger sees, and is refused with the remedy; the tunnel stays as it is', async (t) => {
    const app = new AppOf(STRANGER);
    t.after(() => app.end());
    await waitUntil('the tunnel', () => app.state === 'qualified');
    const answer = await app.ask('stop');
    assert.ok(!answer.ok && answer.fault.code === 'not-authorised');
    assert.ok(
      app.views.some(({ pending }) => pending[0]?.task === 'stop'),
      'it was shown as pending',
    );
    const { pending, denied, refusal } = app.view ?? assert.fail('no view');
    assert.deepEqual([pending, denied, refusal?.task], [[], ['stop'], 'stop']);
    assert.ok(app.labels().includes('You may only look: an administrator can allow more by a polkit rule'));
    assert.ok(app.menu.some((entry) => entry.kind === 'item' && entry.action.do === 'stop' && !entry.isEnabled));
    assert.equal(await property('State'), 's "qualified"');
    await app.ask('dismissRefusal');
    await waitUntil('the end of the refusal', () => app.view?.refusal === undefined);
  });

  test('while polkit thinks the request is pending, and the state the daemon says', async (t) => {
    const app = new AppOf(STRANGER);
    t.after(() => app.end());
    await waitUntil('the tunnel', () => app.state === 'qualified');
    freezePolkit();
    t.after(() => thawPolkit());
    const answer = app.ask('stop');
    await waitUntil('the pending request', () => app.view?.pending[0]?.task === 'stop');
    assert.equal(app.state, 'qualified');
    assert.ok(app.labels().includes('Stopping…'));
    const again = await app.ask('stop');
    assert.ok(!again.ok && again.fault.code === 'busy', 'the same is not asked for twice');
    thawPolkit();
    assert.ok(!(await answer).ok);
    assert.deepEqual(app.view?.pending, []);
  });

  test('a friend stops and starts it', async (t) => {
    const app = new AppOf(FRIEND);
    t.after(() => app.end());
    await waitUntil('the tunnel', () => app.state === 'qualified');
    assert.ok((await app.ask('stop')).ok);
    await waitUntil('the end', () => app.state === 'stopped');
    assert.ok((await app.ask('start')).ok);
    await waitUntil('the tunnel', () => app.state === 'qualified');
    assert.deepEqual([app.view?.denied, app.view?.refusal], [[], undefined]);
  });

  test('who closes the question for the password is not told of a fault', async (t) => {
    const app = new AppOf(STRANGER, { DISMISS: '1' });
    t.after(() => app.end());
    await waitUntil('the tunnel', () => app.state === 'qualified');
    const answer = await app.ask('stop');
    assert.ok(!answer.ok);
    assert.deepEqual([answer.fault.code, answer.fault.name], ['dismissed', 'org.miredo.Error.Dismissed']);
    assert.deepEqual([app.view?.denied, app.view?.refusal, app.view?.pending], [[], undefined, []]);
    assert.equal(await property('State'), 's "qualified"');
  });
});
