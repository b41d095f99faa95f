/** What kind of NAT several servers tell of, when some of them lie. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { commonMapping, mappingOf, type NatMapping, type Seen } from '../../../daemon/service/probe/nat-mapping.js';
import type { Endpoint } from '../../../daemon/wire/ipv4.js';
import { endpoint } from '../../protocol/rig.js';

type Answer = Endpoint | undefined;

const at = (port: number): Endpoint => endpoint('198.51.100.1', port);
const [A, B, C, D] = [at(4001), at(4002), at(4003), at(4004)] as const;
const seen = (mapped: Answer, mappedBySecondary: Answer): Seen => ({ mapped, mappedBySecondary });

const CASES: readonly (readonly [what: string, seen: readonly Seen[], mapping: NatMapping, common: Answer])[] = [
  ['no server', [], 'unknown', undefined],
  ['nobody answers', [seen(undefined, undefined)], 'unknown', undefined],
  ['one answer alone', [seen(A, undefined)], 'unknown', A],
  ['one server, one mapping', [seen(A, A)], 'endpoint-independent', A],
  ['one server, two mappings', [seen(A, B)], 'symmetric', A],
  ['all servers alike', [seen(A, A), seen(A, A), seen(A, undefined)], 'endpoint-independent', A],
  ['all servers, all different', [seen(A, B), seen(C, D)], 'symmetric', A],
  ['one of three lies', [seen(A, B), seen(C, C), seen(C, C)], 'endpoint-independent', C],
  ['one of three hides it', [seen(A, A), seen(B, C), seen(C, D)], 'symmetric', A],
  ['word against word', [seen(A, B), seen(C, C)], 'unknown', A],
  ['each consistent, but not with each other', [seen(A, A), seen(B, B)], 'endpoint-independent', A],
  ['halves that agree', [seen(A, undefined), seen(undefined, A)], 'endpoint-independent', A],
  ['two halves that differ', [seen(A, undefined), seen(B, undefined)], 'unknown', A],
  ['three halves that differ', [seen(A, undefined), seen(B, undefined), seen(undefined, C)], 'symmetric', A],
  ['a liar among halves', [seen(B, undefined), seen(A, undefined), seen(A, undefined)], 'endpoint-independent', A],
  [
    'a whole server counts for more than halves',
    [seen(A, A), seen(B, undefined), seen(C, undefined)],
    'endpoint-independent',
    A,
  ],
];

describe('mapping', () => {
  for (const [what, sightings, mapping, common] of CASES) {
    test(what, () => {
      assert.equal(mappingOf(sightings), mapping);
      assert.deepEqual(commonMapping(sightings), common);
    });
  }

  const port = fc.constantFrom(A, B, C, D, undefined);
  const lie = fc.record({ mapped: port, mappedBySecondary: port });

  test('fewer liars than honest servers that answer whole change nothing, in any order', () => {
    const scene = fc
      .tuple(fc.array(lie, { maxLength: 5 }), fc.boolean(), fc.nat(3))
      .chain(([lies, isSymmetric, more]) => {
        const honest = Array.from({ length: lies.length + 1 + more }, (_, i) =>
          isSymmetric ? seen(at(5000 + i), at(6000 + i)) : seen(at(7000), at(7000)),
        );
        const all = [...lies, ...honest];
        return fc.record({
          isSymmetric: fc.constant(isSymmetric),
          sightings: fc.shuffledSubarray(all, { minLength: all.length }),
        });
      });
    fc.assert(
      fc.property(scene, ({ isSymmetric, sightings }) => {
        assert.equal(mappingOf(sightings), isSymmetric ? 'symmetric' : 'endpoint-independent');
        if (!isSymmetric) assert.equal(commonMapping(sightings)?.port, 7000);
      }),
    );
  });
});
