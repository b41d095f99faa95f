/** Taking turns: all contestants in each round, each round beginning with another one. */

export interface Rounds {
  readonly count: number;
  readonly say: (line: string) => void;
}

export async function inTurns<Item>(
  { count }: Rounds,
  items: readonly Item[],
  measure: (item: Item) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < count; round++) {
    const first = round % Math.max(1, items.length);
    for (const item of [...items.slice(first), ...items.slice(0, first)]) await measure(item);
  }
}
