/** Type signatures of D-Bus as trees (D-Bus specification, "Type System"). File descriptors are not provided for. */

export interface Type {
  /** Basic type, `v`, `a`, `(` or `{`. */
  readonly code: string;
  /** Element of an array, fields of a structure, key and value of a dictionary's entry. */
  readonly children: readonly Type[];
}

export const ALIGNMENT: { readonly [code: string]: number } = {
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
  v: 1,
  a: 4,
  '(': 8,
  '{': 8,
};

const BASIC = 'ybnqiuxtdsog';
/** Of containers in each other; the specification's 32 arrays and 32 structures together, and more than we meet. */
const DEPTH_LIMIT = 32;
const LENGTH_LIMIT = 255;

export class SignatureError extends Error {}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    if (text.length > LENGTH_LIMIT) throw new SignatureError('the signature is too long');
    this.#text = text;
  }

  all(): Type[] {
    const types: Type[] = [];
    while (this.#at < this.#text.length) types.push(this.#one(0));
    return types;
  }

  #one(depth: number): Type {
    if (depth > DEPTH_LIMIT) throw new SignatureError('the signature is too deep');
    const code = this.#text[this.#at++] ?? '';
    if (code !== '' && (BASIC.includes(code) || code === 'v')) return { code, children: [] };
    if (code === 'a') return { code, children: [this.#element(depth + 1)] };
    if (code === '(') return { code, children: this.#until(')', depth + 1) };
    throw new SignatureError(`"${this.#text}" is no signature that is provided for`);
  }

  #element(depth: number): Type {
    if (this.#text[this.#at] !== '{') return this.#one(depth);
    this.#at++;
    const children = this.#until('}', depth);
    if (children.length !== 2 || !BASIC.includes(children[0]?.code ?? '-')) {
      throw new SignatureError('a dictionary has a basic key and one value');
    }
    return { code: '{', children };
  }

  #until(end: string, depth: number): Type[] {
    const types: Type[] = [];
    while (this.#text[this.#at] !== end) types.push(this.#one(depth));
    this.#at++;
    if (types.length === 0) throw new SignatureError('a structure has fields');
    return types;
  }
}

/** BOUNDED: by CACHE_LIMIT; those in use are a dozen, and what callers make up is not worth keeping. */
const cache = new Map<string, readonly Type[]>();
const CACHE_LIMIT = 64;

/** Throws {@link SignatureError}. */
export function parseSignature(text: string): readonly Type[] {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const types = new Parser(text).all();
  if (cache.size < CACHE_LIMIT) cache.set(text, types);
  return types;
}
