/** Our block in a gai.conf(5): there once, gone without a trace, and never at the cost of what is somebody's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plan, preferenceIn } from '../../daemon/prefer/block.js';
import { SeededRandom } from '../support/seeded-random.js';

/** The file after `on` or `off`; undefined when there is none. */
function after(content: string | undefined, isWanted: boolean): string | undefined {
  const planned = plan(content, isWanted);
  assert.ok(planned.ok, planned.ok ? '' : planned.sentence);
  if (planned.change === 'none') return content;
  return planned.change === 'write' ? planned.content : undefined;
}

const SHIPPED =
  '# Configuration for getaddrinfo(3).\n#label ::1/128       0\n#precedence ::ffff:0:0/96  100\n\n#scopev4 x\n';

/** Files that are nobody's decision about the tunnel. */
const KINDS: readonly (readonly [name: string, content: string | undefined])[] = [
  ['no file', undefined],
  ['an empty one', ''],
  ['as it is shipped', SHIPPED],
  ['without an end of its last line', 'reload yes'],
  ['with line ends of DOS', '# mine\r\nreload yes\r\n'],
  ['bytes that are no text', '\0\xff\xfe\n\x80 # \xc3\x28'],
  ['empty lines at its end', '\n\n\n'],
  ['precedences of its own by which IPv6 goes first', 'precedence ::/0 40\nprecedence ::ffff:0:0/96 10\n'],
];

describe('the block', () => {
  for (const [name, content] of KINDS) {
    test(`${name}: on and off again`, () => {
      const on = after(content, true);
      assert.ok(on?.endsWith(content ?? ''));
      assert.deepEqual(
        [preferenceIn(on).isSet, preferenceIn(on).isPreferred, preferenceIn(content).isSet],
        [true, true, false],
      );
      assert.equal(after(on, true), on, 'a second time changes nothing');
      assert.equal(after(on, false), content);
      assert.equal(after(content, false), content, 'nor does a second time back');
    });
  }

  test('whatever bytes there are, they are the same afterwards', () => {
    const random = new SeededRandom(20);
    for (let round = 0; round < 2000; round += 1) {
      const length = random.integer(0, 40);
      const content = Array.from({ length }, () => String.fromCharCode(random.integer(0, 255))).join('');
      assert.equal(after(after(content, true), false), content);
    }
  });

  test('what is written around it meanwhile stays', () => {
    const on = after(SHIPPED, true) ?? '';
    assert.equal(after(`# above\n${on}# below\n`, false), `# above\n${SHIPPED}# below\n`);
    const created = after(undefined, true) ?? '';
    assert.equal(after(`${created}# mine\n`, false), '# mine\n');
  });

  for (const [name, content] of [
    ['a label for Teredo', 'label 2001::/32 7\nlabel ::/0 1\nlabel ::ffff:0:0/96 4\n'],
    ['a precedence for IPv4, as the shipped file suggests', 'precedence ::ffff:0:0/96 100\n'],
  ] as const) {
    test(`${name}: it is left alone, and told with its lines`, () => {
      const planned = plan(`# mine\n${content}`, true);
      assert.ok(!planned.ok);
      assert.equal(planned.code, 'own-lines');
      assert.match(planned.sentence, /\(line 2\b/);
      assert.deepEqual(plan(content, false), { ok: true, change: 'none' });
    });
  }

  test('lines of its own by which the tunnel goes first: nothing is to be done', () => {
    const content = 'label ::/0 1\n';
    assert.deepEqual(plan(content, true), { ok: true, change: 'none' });
    assert.deepEqual(preferenceIn(content), { isSet: false, isPreferred: true, ownLines: [1] });
  });

  test('lines that came to the block later are told, and not counted as its own', () => {
    const on = `${after('', true)}precedence ::ffff:0:0/96 100\n`;
    const lines = on.split('\n').length - 1;
    assert.deepEqual(preferenceIn(on), { isSet: true, isPreferred: false, ownLines: [lines] });
    const planned = plan(on, true);
    assert.ok(!planned.ok && planned.code === 'own-lines');
    assert.equal(after(on, false), 'precedence ::ffff:0:0/96 100\n');
  });

  const ON = after(SHIPPED, true) ?? '';
  for (const [name, content] of [
    ['edited', ON.replace('label ::/0 1', 'label ::/0 9')],
    ['without its end', ON.replace('# END miredo prefer\n', '')],
    ['without its beginning', ON.replace('# BEGIN miredo prefer\n', '')],
    ['there twice', `${ON}${ON}`],
    ['behind something on its line', `#${ON}`],
  ] as const) {
    test(`a block that is ${name} is nobody's to take away`, () => {
      for (const isWanted of [true, false]) {
        const planned = plan(content, isWanted);
        assert.ok(!planned.ok && planned.code === 'edited-block');
      }
    });
  }
});
