/** Who follows the daemon misses nothing, however its messages come in: a bus that says exactly what a test wants. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from '../../dbus/client.js';
import { encodeMessage, type Header, type Incoming, METHOD_RETURN, MessageReader, SIGNAL } from '../../dbus/message.js';
import { BUS_NAME, INTERFACE, OBJECT_PATH } from '../../dbus/org-miredo.js';

const DAEMON = ':1.7';
const LIMITS = { header: 65_536, body: 65_536 };
const state = (value: string) => ({ State: { signature: 's', value } });

const replyTo = (call: Incoming, sender: string, signature: string, values: readonly unknown[]): Buffer =>
  encodeMessage(1, { type: METHOD_RETURN, replySerial: call.serial, sender, signature }, values);

const signal = (header: Partial<Header>, values: readonly unknown[]): Buffer =>
  encodeMessage(2, { type: SIGNAL, ...header }, values);

const changed = (value: string, sender = DAEMON): Buffer =>
  signal(
    {
      sender,
      path: OBJECT_PATH,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'PropertiesChanged',
      signature: 'sa{sv}as',
    },
    [INTERFACE, state(value), []],
  );

const ownerChanged = (before: string, after: string): Buffer => {
  const bus = 'org.freedesktop.DBus';
  const header = { sender: bus, path: '/org/freedesktop/DBus', interface: bus, member: 'NameOwnerChanged' };
  return signal({ ...header, signature: 'sss' }, [BUS_NAME, before, after]);
};

/** Of the states that a follower is shown; `readAll`: all that the bus sends when the properties are asked for. */
async function statesShown(t: TestContext, last: string, readAll: (call: Incoming) => readonly Buffer[]) {
  const folder = mkdtempSync(join(tmpdir(), 'miredo-bus-'));
  const server = createServer((socket) => serve(socket, readAll)).listen(join(folder, 'bus'));
  await once(server, 'listening');
  const before = process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${join(folder, 'bus')}`;
  const opened = await Client.open();
  if (before === undefined) delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  else process.env['DBUS_SYSTEM_BUS_ADDRESS'] = before;
  assert.ok(opened.ok);
  t.after(() => {
    opened.value.close();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const shown: (string | undefined)[] = [];
  await new Promise<void>((resolve, reject) => {
    const snapshot = (it: { readonly state: string } | undefined): void => {
      shown.push(it?.state);
      if (it?.state === last) resolve();
    };
    setTimeout(() => reject(new Error(`shown: ${shown.join(', ')}`)), 2000).unref();
    void opened.value.follow({ snapshot });
  });
  return shown;
}

function serve(socket: Socket, readAll: (call: Incoming) => readonly Buffer[]): void {
  const reader = new MessageReader(LIMITS, (call) => {
    const bus = 'org.freedesktop.DBus';
    if (call.member === 'Hello') socket.write(replyTo(call, bus, 's', [':1.9']));
    else if (call.member === 'AddMatch') socket.write(replyTo(call, bus, '', []));
    else if (call.member === 'GetNameOwner') socket.write(replyTo(call, bus, 's', [DAEMON]));
    // In one piece, as a busy machine's kernel hands it over.
    else if (call.member === 'GetAll') socket.write(Buffer.concat(readAll(call)));
  });
  socket.once('data', () => {
    socket.write('OK 0123\r\n');
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      reader.push(text.startsWith('BEGIN\r\n') ? chunk.subarray(7) : chunk);
    });
  });
}

const properties = (call: Incoming, value: string): Buffer => replyTo(call, DAEMON, 'a{sv}', [state(value)]);

test('a change that comes in one piece with the properties is not taken for an older one', async (t) => {
  const shown = await statesShown(t, 'qualified', (call) => [properties(call, 'qualifying'), changed('qualified')]);
  assert.deepEqual(shown, ['qualifying', 'qualified']);
});

test('a change before the properties is older than they are', async (t) => {
  const shown = await statesShown(t, 'qualified', (call) => [
    changed('resolving'),
    properties(call, 'qualifying'),
    changed('qualified'),
  ]);
  assert.deepEqual(shown, ['qualifying', 'qualified']);
});

test('properties of a daemon that has gone meanwhile are not those of the next', async (t) => {
  let asked = 0;
  const shown = await statesShown(t, 'stopped', (call) => {
    asked += 1;
    if (asked > 1) return [properties(call, 'stopped')];
    return [ownerChanged(DAEMON, ''), properties(call, 'qualified'), ownerChanged('', DAEMON)];
  });
  assert.deepEqual(shown, [undefined, 'stopped']);
});
