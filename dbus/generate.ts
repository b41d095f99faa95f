/**
 * Makes dbus/org-miredo.ts of dbus/org.miredo.xml: names, signatures and types of the interface for both ends.
 *
 *     node build/dbus/generate.js
 *
 * A test fails when the file is not what this would write. The reader of XML takes the shape of our own file and no
 * more: it throws on anything else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../dbus/', import.meta.url);
export const SOURCE = fileURLToPath(new URL('org.miredo.xml', ROOT));
export const GENERATED = fileURLToPath(new URL('org-miredo.ts', ROOT));

interface Argument {
  readonly name: string;
  readonly type: string;
}

export interface Method {
  readonly kind: 'method';
  readonly name: string;
  readonly input: readonly Argument[];
  readonly output: readonly Argument[];
  readonly doc: string;
}

export interface Property {
  readonly kind: 'property';
  readonly name: string;
  readonly type: string;
  /** Value of EmitsChangedSignal. */
  readonly emits: string;
  readonly doc: string;
}

export interface Signal {
  readonly kind: 'signal';
  readonly name: string;
  readonly args: readonly Argument[];
  readonly doc: string;
}

export interface Interface {
  readonly path: string;
  readonly name: string;
  readonly doc: string;
  readonly members: readonly (Method | Property | Signal)[];
}

type Attributes = ReadonlyMap<string, string>;

const attributesOf = (text: string): Attributes =>
  new Map([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));

function need(attributes: Attributes, name: string): string {
  const value = attributes.get(name);
  if (value === undefined) throw new Error(`an attribute ${name} is missing`);
  return value;
}

const plain = (comment: string): string => comment.replace(/\s+/g, ' ').trim();

export function parse(xml: string): Interface {
  const node = /<node name="([^"]+)">/.exec(xml);
  const found = /(?:<!--((?:(?!-->)[\s\S])*)-->\s*)?<interface name="([^"]+)">([\s\S]*)<\/interface>/.exec(xml);
  if (node === null || found === null) throw new Error('no node or no interface');
  const [, doc = '', name = '', body = ''] = found;
  const member = /<!--((?:(?!-->)[\s\S])*)-->\s*<(method|property|signal)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\2>)/g;
  const members = [...body.matchAll(member)].map(([, comment = '', kind = '', attributes = '', inner = '']) =>
    memberOf(kind, attributesOf(attributes), inner, plain(comment)),
  );
  const count = [...body.matchAll(/<(method|property|signal)\b/g)].length;
  if (count !== members.length) throw new Error('a member has no comment before it');
  return { path: node[1] ?? '', name, doc: plain(doc), members };
}

function memberOf(kind: string, attributes: Attributes, inner: string, doc: string): Method | Property | Signal {
  const name = need(attributes, 'name');
  const args = [...inner.matchAll(/<arg\b([^>]*)\/>/g)].map(([, text = '']) => attributesOf(text));
  const argument = (arg: Attributes): Argument => ({ name: need(arg, 'name'), type: need(arg, 'type') });
  if (kind === 'signal') return { kind, name, args: args.map(argument), doc };
  if (kind === 'property') {
    if (attributes.get('access') !== 'read') throw new Error(`${name}: what changes something is a method`);
    const annotation = /EmitsChangedSignal" value="(\w+)"/.exec(inner);
    return { kind, name, type: need(attributes, 'type'), emits: annotation?.[1] ?? 'true', doc };
  }
  const directed = (direction: string): Argument[] =>
    args.filter((arg) => need(arg, 'direction') === direction).map(argument);
  return { kind: 'method', name, input: directed('in'), output: directed('out'), doc };
}

const BASIC: { readonly [signature: string]: string } = {
  s: 'string',
  b: 'boolean',
  q: 'number',
  u: 'number',
  t: 'bigint',
  v: 'Variant',
};

/** The TypeScript type of the first complete type in a signature, and what is left of the signature. */
function take(signature: string): [type: string, rest: string] {
  const [first = ''] = signature;
  const basic = BASIC[first];
  if (basic !== undefined) return [basic, signature.slice(1)];
  if (signature.startsWith('a{s')) {
    const [value, rest] = take(signature.slice(3));
    if (!rest.startsWith('}')) throw new Error(`bad signature ${signature}`);
    return [`{ readonly [key: string]: ${value} }`, rest.slice(1)];
  }
  if (first === 'a') {
    const [element, rest] = take(signature.slice(1));
    return [`readonly (${element})[]`, rest];
  }
  if (first !== '(') throw new Error(`signature ${signature} is not provided for`);
  const fields: string[] = [];
  let rest = signature.slice(1);
  while (!rest.startsWith(')')) {
    const [field, after] = take(rest);
    fields.push(field);
    rest = after;
  }
  return [`readonly [${fields.join(', ')}]`, rest.slice(1)];
}

const typeOf = (signature: string): string => take(signature)[0];
const tuple = (args: readonly Argument[]): string =>
  `readonly [${args.map(({ name, type }) => `${name}: ${typeOf(type)}`).join(', ')}]`;
const joined = (args: readonly Argument[]): string => args.map(({ type }) => type).join('');

function comment(doc: string, indent: string): string {
  const lines: string[] = [];
  for (const word of doc.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > 100) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`].join('\n');
}

/** The XML that introspection shows: without comments, in one piece. */
function bare(xml: string): string {
  const found = /<interface[\s\S]*<\/interface>/.exec(xml.replace(/<!--[\s\S]*?-->/g, ''));
  return (found?.[0] ?? '').replace(/\n\s*/g, '');
}

export function generate(xml: string): string {
  const { path, name, doc, members } = parse(xml);
  const methods = members.filter((member) => member.kind === 'method');
  const properties = members.filter((member) => member.kind === 'property');
  const signals = members.filter((member) => member.kind === 'signal');
  const lines = [
    '// Made by dbus/generate.ts of dbus/org.miredo.xml: change that, and run `node build/dbus/generate.js`.',
    '',
    "export const BUS_NAME = 'org.miredo';",
    `export const OBJECT_PATH = '${path}';`,
    `export const INTERFACE = '${name}';`,
    '',
    '/** A value with its signature; the class Variant of dbus-next fits. */',
    'export interface Variant {',
    '  readonly signature: string;',
    '  readonly value: unknown;',
    '}',
    '',
    comment(doc, ''),
    'export interface Methods {',
    ...methods.flatMap((method) => [
      comment(method.doc, '  '),
      `  readonly ${method.name}: { readonly input: ${tuple(method.input)}; readonly output: ${tuple(method.output)} };`,
    ]),
    '}',
    '',
    '/** Signatures of the methods. */',
    'export const METHODS = {',
    ...methods.map(
      (method) => `  ${method.name}: { input: '${joined(method.input)}', output: '${joined(method.output)}' },`,
    ),
    '} as const;',
    '',
    'export interface Properties {',
    ...properties.flatMap(({ name, type, doc }) => [comment(doc, '  '), `  readonly ${name}: ${typeOf(type)};`]),
    '}',
    '',
    '/** Signatures of the properties, and what EmitsChangedSignal says of them. */',
    'export const PROPERTIES = {',
    ...properties.map(({ name, type, emits }) => `  ${name}: { signature: '${type}', emits: '${emits}' },`),
    '} as const;',
    '',
    'export interface Signals {',
    ...signals.flatMap(({ name, args, doc }) => [comment(doc, '  '), `  readonly ${name}: ${tuple(args)};`]),
    '}',
    '',
    '/** Signatures of the signals. */',
    'export const SIGNALS = {',
    ...signals.map(({ name, args }) => `  ${name}: '${joined(args)}',`),
    '} as const;',
    '',
    '/** The interface as introspection shows it. */',
    `export const INTERFACE_XML =`,
    `  '${bare(xml)}';`,
    '',
  ];
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(GENERATED, generate(readFileSync(SOURCE, 'utf8')));
}
