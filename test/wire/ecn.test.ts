import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decapsulateEcn } from '../../daemon/wire/ecn.js';

const NAMES = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'] as const;
type Name = (typeof NAMES)[number];

/** RFC 6040 §4.2, figure 4: a row for each inner field, a column for each outer one in the order of NAMES. */
const TABLE: Readonly<Record<Name, readonly (Name | 'drop')[]>> = {
  'Not-ECT': ['Not-ECT', 'Not-ECT', 'Not-ECT', 'drop'],
  'ECT(0)': ['ECT(0)', 'ECT(1)', 'ECT(0)', 'CE'],
  'ECT(1)': ['ECT(1)', 'ECT(1)', 'ECT(1)', 'CE'],
  CE: ['CE', 'CE', 'CE', 'CE'],
};

for (const [inner, results] of Object.entries(TABLE)) {
  test(`inner ${inner}: ${results.join(', ')} for each outer field`, () => {
    for (const [outer, result] of results.entries()) {
      // The bits around the field (version, DSCP, flow label) stay as they are.
      const bytes = Uint8Array.of(0xff, 0x6b, 0xcf | (NAMES.indexOf(inner as Name) << 4), 0xaa, 0xbb);
      const isForwarded = decapsulateEcn(bytes, 1, outer);
      assert.equal(isForwarded, result !== 'drop', NAMES[outer]);
      if (result === 'drop') continue;
      assert.deepEqual([...bytes], [0xff, 0x6b, 0xcf | (NAMES.indexOf(result) << 4), 0xaa, 0xbb], NAMES[outer]);
    }
  });
}
