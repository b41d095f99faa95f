/** Sources of the manual that are wrong do not become pages that are. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MIREDO_DIRECTIVES } from '../../daemon/config/directives.js';
import { describe as describeProgram } from '../../daemon/service/command-line.js';
import { MIREDO } from '../../daemon/service/programs.js';
import { escapeText, sentences } from '../../packaging/man/mdoc.js';
import { fill, type Holes } from '../../packaging/man/template.js';

const HOLES: Holes = {
  values: { port: '3544', odd: 'a\\b…' },
  command: describeProgram(MIREDO),
  table: MIREDO_DIRECTIVES,
  readExample: () => '# It holds\n.dots\n',
};

describe('text', () => {
  it('is a sentence a line', () => assert.equal(sentences('One. Two; three. 4.'), 'One.\nTwo; three. 4.'));
  it('begins no macro', () => assert.equal(sentences('.So\n'), '\\&.So\n'));
  it('keeps backslashes and what is not ASCII', () => assert.equal(escapeText('a\\b …'), 'a\\eb \\[u2026]'));
  it('keeps the hyphens of options', () => assert.equal(escapeText('--user'), '\\-\\-user'));
});

describe('a source', () => {
  it('has its values filled in', () => {
    assert.equal(fill('Port @{port} of\n.Pa @{odd}\n', HOLES), 'Port 3544 of\n.Pa a\\eb\\[u2026]\n');
  });

  it('has lines added to items, after what the code says', () => {
    const page = fill('@options\n@more --foreground\nMore.\n@more server_name\nA name.\n@end\n', HOLES);
    assert.match(page, /\.It Fl f , Fl \\-foreground\n[A-Z].*\nMore\.\n\.It/);
    assert.match(page, /\.It Ar server_name\n.*\nA name\.\n\.El\n$/);
    assert.match(
      page,
      /\.It Fl c Ar file , Fl \\-config Ar file\n.*\nThe default is\n\.Pa \/etc\/miredo\/miredo\.conf \./,
    );
  });

  it('shows an example as it is', () => {
    assert.equal(fill('@example x\n', HOLES), '.Bd -literal -offset indent\n# It holds\n\\&.dots\n.Ed\n');
  });

  const faults: readonly (readonly [string, RegExp])[] = [
    ['Port @{nonsense}', /^line 1: there is no value nonsense$/],
    ['\n@nonsense', /^line 2: @nonsense means nothing here$/],
    ['@end', /^line 1: @end means nothing here$/],
    ['@options\n', /@end is missing$/],
    ['@options\ntext\n@end', /^line 2: text belongs to an item: @more$/],
    ['@options\n@more --nonsense\n@end', /^line 2: --nonsense is not in this list: /],
    ['@directives client\n@more BindPort\n@end', /^line 2: BindPort is not in this list: ServerAddress, /],
    ['@directives server\n@end', /no directive is of server$/],
  ];
  for (const [source, message] of faults) {
    it(`with ${JSON.stringify(source)} is refused`, () => assert.throws(() => fill(source, HOLES), { message }));
  }

  it('of a file has no options, and of a program no directives', () => {
    const { values, readExample } = HOLES;
    assert.throws(() => fill('@options\n@end', { values, readExample }), /this page is of no program/);
    assert.throws(() => fill('@directives client\n@end', { values, readExample }), /this page is of no file/);
  });
});
