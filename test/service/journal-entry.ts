/** Reads an entry of journald's native protocol, as journald does: for tests. */
import assert from 'node:assert/strict';

export function decodeEntry(bytes: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf('\n');
    assert.ok(end > 0, 'a line without end or name');
    const line = rest.subarray(0, end).toString();
    const equals = line.indexOf('=');
    let name = line.slice(0, equals);
    let value = line.slice(equals + 1);
    let next = end + 1;
    if (equals < 0) {
      const start = end + 9;
      next = start + Number(rest.readBigUInt64LE(end + 1)) + 1;
      name = line;
      value = rest.subarray(start, next - 1).toString();
      assert.equal(rest[next - 1], 0x0a, 'a value of the length that was said, and a newline');
    }
    assert.ok(!(name in fields), `${name} comes twice`);
    fields[name] = value;
    rest = rest.subarray(next);
  }
  return fields;
}
