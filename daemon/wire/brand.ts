/** Marks a primitive with the meaning it carries, so that a port is never passed where an address belongs. */
declare const meaning: unique symbol;
export type Brand<Base, Meaning extends string> = Base & {
  readonly [meaning]: Meaning;
};
