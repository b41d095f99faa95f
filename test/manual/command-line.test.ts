/** The forms of options that only the C program's users know, and the files that are read when none is named. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type ProgramOptions, parseCommandLine } from '../../daemon/service/command-line.js';
import { absoluteWords } from '../../daemon/service/detach-words.js';
import { MIREDO, MIREDO_SERVER } from '../../daemon/service/programs.js';

const folder = mkdtempSync(join(tmpdir(), 'miredo-command-line-'));
after(() => rmSync(folder, { recursive: true }));

function parse(program: typeof MIREDO, ...words: string[]): ProgramOptions {
  const options = parseCommandLine(program, words);
  assert.ok(typeof options === 'object');
  return options;
}

describe('options of the C program', () => {
  it('--username and --chrootdir are --user and --chroot', () => {
    const { user, chroot } = parse(MIREDO, '--username', 'somebody', '--chrootdir', '/empty');
    assert.deepEqual({ user, chroot }, { user: 'somebody', chroot: '/empty' });
  });

  it('--chrootdir is made absolute for the detached process', () => {
    assert.deepEqual(absoluteWords(MIREDO, ['--chrootdir', 'empty'], '/srv'), ['--chrootdir', '/srv/empty']);
  });
});

describe('the configuration file', () => {
  const config = join(folder, 'new.conf');
  const olderConfig = join(folder, 'old.conf');
  const program = { ...MIREDO, config, olderConfig };

  it('is the usual one, the older one when only that is there, and always the one that is named', () => {
    assert.equal(parse(program).config, config);
    writeFileSync(olderConfig, '');
    assert.equal(parse(program).config, olderConfig);
    assert.equal(parse(program, '-c', config).config, config);
    writeFileSync(config, '');
    assert.equal(parse(program).config, config);
  });

  it('is another for each program', () => {
    const files = [MIREDO, MIREDO_SERVER].flatMap((one) => [one.config, one.olderConfig, one.pidfile]);
    assert.equal(new Set(files).size, 6);
  });
});
