/**
 * Method calls to the object of the tunnel and to the standard interfaces, which D-Bus wants of every object.
 *
 * A caller is anybody. So a body is read only after its signature was found to be the right one, what waits is
 * counted, and no fault of ours tells the caller more than that there was one.
 */
import { readFileSync } from 'node:fs';
import type { BusConnection, ErrorReply } from '../../../dbus/connection.js';
import { ALLOW_INTERACTIVE_AUTHORIZATION, type Incoming } from '../../../dbus/message.js';
import { INTERFACE, INTERFACE_XML, METHODS, type Methods, OBJECT_PATH } from '../../../dbus/org-miredo.js';
import type { Log } from '../log.js';
import { fault } from '../log-messages.js';
import type { Caller } from './authority.js';
import { CallLimits } from './call-limits.js';
import { isCounted, isProperty, variantsOf } from './properties.js';
import type { TunnelObject } from './tunnel-object.js';

const INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable';
const PEER = 'org.freedesktop.DBus.Peer';
const PROPERTIES_INTERFACE = 'org.freedesktop.DBus.Properties';

const DOCTYPE =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n' +
  ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n';
const out = (type: string, name: string): string => `<arg type="${type}" name="${name}" direction="out"/>`;
const taken = (type: string, name: string): string => `<arg type="${type}" name="${name}" direction="in"/>`;
const COMMON_XML =
  `<interface name="${INTROSPECTABLE}"><method name="Introspect">${out('s', 'xml_data')}</method></interface>` +
  `<interface name="${PEER}"><method name="Ping"/>` +
  `<method name="GetMachineId">${out('s', 'machine_uuid')}</method></interface>`;
const PROPERTIES_XML =
  `<interface name="${PROPERTIES_INTERFACE}">` +
  `<method name="Get">${taken('s', 'interface_name')}${taken('s', 'property_name')}${out('v', 'value')}</method>` +
  `<method name="Set">${taken('s', 'interface_name')}${taken('s', 'property_name')}${taken('v', 'value')}</method>` +
  `<method name="GetAll">${taken('s', 'interface_name')}${out('a{sv}', 'properties')}</method>` +
  '<signal name="PropertiesChanged"><arg type="s" name="interface_name"/>' +
  '<arg type="a{sv}" name="changed_properties"/><arg type="as" name="invalidated_properties"/></signal></interface>';

/** Introspection of each path: our object, and those above it, which only lead there. */
const XML: ReadonlyMap<string, string> = new Map([
  ['/', `${DOCTYPE}<node>${COMMON_XML}<node name="org"/></node>\n`],
  ['/org', `${DOCTYPE}<node>${COMMON_XML}<node name="miredo"/></node>\n`],
  [OBJECT_PATH, `${DOCTYPE}<node>${COMMON_XML}${PROPERTIES_XML}${INTERFACE_XML}</node>\n`],
]);

interface Answer {
  readonly ok: true;
  readonly signature: string;
  readonly values: readonly unknown[];
}

type Result = Answer | ErrorReply;
/** What has to wait for others is begun only when there is room for it. */
type Later = () => Promise<Result>;

/** What a member takes, and what it answers to values of that signature. */
interface Member {
  readonly input: string;
  answer(values: readonly unknown[], caller: Caller): Result | Later;
}

type Members = { readonly [name: string]: Member };

const answer = (signature: string, ...values: readonly unknown[]): Answer => ({ ok: true, signature, values });

const error = (name: string, text: string): ErrorReply => ({
  ok: false,
  name: `org.freedesktop.DBus.Error.${name}`,
  text,
});

const unknownProperty = error('UnknownProperty', 'There is no such property.');
const unknownInterface = error('UnknownInterface', `Properties are those of ${INTERFACE}.`);

function machineId(): Answer | ErrorReply {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return answer('s', readFileSync(file, 'latin1').trim());
    } catch {
      // The other one, then.
    }
  }
  return error('FileNotFound', 'This machine has no id.');
}

export class Dispatcher {
  readonly #object: TunnelObject;
  readonly #connection: () => BusConnection;
  readonly #log: Log;
  readonly #limits = new CallLimits();
  readonly #interfaces: { readonly [name: string]: Members };

  constructor(object: TunnelObject, connection: () => BusConnection, log: Log) {
    this.#object = object;
    this.#connection = connection;
    this.#log = log;
    this.#interfaces = { [INTERFACE]: this.#own(), [PROPERTIES_INTERFACE]: this.#properties() };
  }

  /** Answers, now or later; never rejects. */
  async called(message: Incoming): Promise<void> {
    const connection = this.#connection();
    try {
      const answer = this.#answer(message);
      const reply = typeof answer === 'function' ? await this.#wait(answer, message.sender ?? '') : answer;
      if (reply.ok) connection.reply(message, reply.signature, reply.values);
      else connection.replyError(message, reply);
    } catch (thrown) {
      this.#log(...fault(thrown));
      connection.replyError(message, { name: 'org.miredo.Error.Failed', text: 'internal: See the log of the daemon.' });
    }
  }

  async #wait(answer: Later, caller: string): Promise<Result> {
    if (!this.#limits.enter(caller)) {
      const text = 'Too many calls are under way; wait for their answers.';
      return { ok: false, name: 'org.miredo.Error.Busy', text };
    }
    try {
      return await answer();
    } finally {
      this.#limits.leave(caller);
    }
  }

  #answer(message: Incoming): Result | Later {
    const member = this.#find(message);
    if ('ok' in member) return member;
    if (message.signature !== member.input) {
      return error('InvalidArgs', `Arguments have to be "${member.input}", not "${message.signature}".`);
    }
    const values = message.values();
    if (values === undefined) return error('InvalidArgs', 'The arguments are too large, or cannot be read.');
    const isInteractive = (message.flags & ALLOW_INTERACTIVE_AUTHORIZATION) !== 0;
    return member.answer(values, { name: message.sender ?? '', isInteractive });
  }

  #find({ path = '', interface: name, member = '' }: Incoming): Member | ErrorReply {
    const xml = XML.get(path);
    if (xml === undefined && name !== PEER) return error('UnknownObject', `There is no object ${path}.`);
    const known: { readonly [name: string]: Members } = {
      ...(path === OBJECT_PATH ? this.#interfaces : {}),
      [INTROSPECTABLE]: { Introspect: { input: '', answer: () => answer('s', xml ?? '') } },
      [PEER]: {
        Ping: { input: '', answer: () => answer('') },
        GetMachineId: { input: '', answer: machineId },
      },
    };
    if (name !== undefined && !Object.hasOwn(known, name)) return error('UnknownInterface', `No interface ${name}.`);
    const candidates = Object.keys(known).filter((each) => name === undefined || each === name);
    for (const each of candidates) {
      const members = known[each];
      const found = members !== undefined && Object.hasOwn(members, member) ? members[member] : undefined;
      if (found !== undefined) return found;
    }
    return error('UnknownMethod', `There is no method ${member}.`);
  }

  #own(): Members {
    const names = Object.keys(METHODS) as (keyof Methods)[];
    return Object.fromEntries(
      names.map((name) => [
        name,
        {
          input: METHODS[name].input,
          answer: (values: readonly unknown[], caller: Caller) => async () => {
            const reply = await this.#object.call(name, values, caller, this.#connection());
            return reply.ok ? answer(METHODS[name].output, ...reply.values) : reply;
          },
        },
      ]),
    );
  }

  #properties(): Members {
    return {
      Get: {
        input: 'ss',
        answer: ([owner, name]) => {
          if (owner !== INTERFACE && owner !== '') return unknownInterface;
          if (!isProperty(name)) return unknownProperty;
          if (!isCounted(name)) return answer('v', variantsOf(this.#object.shown)[name]);
          return async () => answer('v', variantsOf(await this.#object.counted())[name]);
        },
      },
      GetAll: {
        input: 's',
        answer: ([owner]) => {
          if (owner !== INTERFACE && owner !== '') return unknownInterface;
          return async () => {
            const counted = await this.#object.counted();
            return answer('a{sv}', variantsOf({ ...this.#object.shown, ...counted }));
          };
        },
      },
      Set: {
        input: 'ssv',
        answer: ([owner, name]) => {
          if (owner !== INTERFACE && owner !== '') return unknownInterface;
          return isProperty(name) ? error('PropertyReadOnly', 'Call a method to change something.') : unknownProperty;
        },
      },
    };
  }
}
