/** What the stand-in lacks throws, instead of doing nothing without a word. */
export function strict<T extends object>(name: string, object: T): T {
  return new Proxy(object, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      // Methods need their object, private fields and all; classes have to stay what they are.
      const isMethod = typeof value === 'function' && !Object.hasOwn(value, 'prototype');
      if (key in target || typeof key === 'symbol') return isMethod ? value.bind(target) : value;
      throw new Error(`stand-in: electron's ${name}.${key} is not provided for`);
    },
    set(target, key, value) {
      if (!(key in target)) throw new Error(`stand-in: electron's ${name}.${String(key)} cannot be set`);
      return Reflect.set(target, key, value, target);
    },
  });
}

/** Refuses options that the stand-in would not heed. */
export function onlyKeys(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new Error(`stand-in: ${what}'s option ${key} is not provided for`);
  }
}
