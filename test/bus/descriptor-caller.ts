/** Sends calls to the daemon with file descriptors attached, which Node cannot. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { encodeMessage, METHOD_CALL } from '../../dbus/message.js';
import { INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';

/** Reads lines of JSON, `[bytes in hex, descriptors]`; writes what the bus answered, in hex. */
const SCRIPT = `
import array, json, os, socket, sys
bus = socket.socket(socket.AF_UNIX)
bus.connect('/run/dbus/system_bus_socket')
bus.settimeout(10)
bus.sendall(b'\\0AUTH EXTERNAL ' + str(os.getuid()).encode().hex().encode() + b'\\r\\n')
bus.recv(4096)
bus.sendall(b'NEGOTIATE_UNIX_FD\\r\\n')
assert bus.recv(4096).startswith(b'AGREE_UNIX_FD'), 'the bus takes no descriptors'
bus.sendall(b'BEGIN\\r\\n')
for line in sys.stdin:
    text, count = json.loads(line)
    fds = array.array('i', [0] * count)
    extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if count else []
    bus.sendmsg([bytes.fromhex(text)], extra)
bus.settimeout(20)
answers = b''
try:
    while b'END-OF-TEST' not in answers:
        more = bus.recv(65536)
        if not more: break
        answers += more
except (socket.timeout, ConnectionResetError):
    pass
print(answers.hex())
`;

/** Code of the header field that says how many descriptors come with a message. */
const UNIX_FDS = 9;

/** With a field for the number of descriptors. The fields of a header are at its end, so that one can be added. */
function withDescriptors(serial: number, signature: string, values: readonly unknown[], count: number): Buffer {
  const header = { type: METHOD_CALL, destination: 'org.miredo', path: OBJECT_PATH, interface: INTERFACE };
  const message = indexed(encodeMessage(serial, { ...header, member: 'Start', signature }, values));
  const fieldsLength = message.readUInt32LE(12);
  const body = message.subarray(Math.ceil((16 + fieldsLength) / 8) * 8);
  const fields = message.subarray(0, 16 + fieldsLength);
  const start = Math.ceil(fields.length / 8) * 8;
  const head = Buffer.alloc(start + 8);
  fields.copy(head);
  head.set([UNIX_FDS, 1, 'u'.charCodeAt(0), 0], start);
  head.writeUInt32LE(count, start + 4);
  head.writeUInt32LE(head.length - 16, 12);
  return Buffer.concat([head, body]);
}

/** The last number becomes the index of a descriptor: our own writer has no such type. */
function indexed(message: Buffer): Buffer {
  const at = message.lastIndexOf(Buffer.from('\u0001u\0'));
  if (at >= 0) message[at + 1] = 'h'.charCodeAt(0);
  return message;
}

/** All that the bus answered to calls with descriptors; who sends them was told when it contains `END-OF-TEST`. */
export function callWithDescriptors(): Promise<string> {
  const bus = 'org.freedesktop.DBus';
  const own = { type: METHOD_CALL, destination: bus, path: '/', interface: bus };
  const calls: (readonly [Buffer, number])[] = [
    [encodeMessage(1, { ...own, member: 'Hello' }), 0],
    [withDescriptors(2, 'u', [0], 1), 1],
    [withDescriptors(3, 'a{sv}', [{ wait: { signature: 'u', value: 0 } }], 1), 1],
    // Attached, and not spoken of.
    [withDescriptors(4, 'a{sv}', [{}], 4), 4],
    [encodeMessage(5, { ...own, member: 'GetNameOwner', signature: 's' }, ['END-OF-TEST.x']), 0],
  ];
  const input = calls.map(([bytes, count]) => `${JSON.stringify([bytes.toString('hex'), count])}\n`).join('');
  return new Promise((resolve) => {
    const child = execFile('python3', ['-c', SCRIPT], { timeout: 60_000 }, (error, stdout, stderr) => {
      assert.equal(error, null, stderr);
      resolve(Buffer.from(stdout.trim(), 'hex').toString('latin1'));
    });
    child.stdin?.end(input);
  });
}
