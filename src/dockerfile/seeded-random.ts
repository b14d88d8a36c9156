/** Numbers that look random and are the same on every run, for property tests. */
export interface SeededRandom {
  /** From 0 up to but not including 1. */
  next(): number;
  pick<Value>(values: readonly Value[]): Value;
  /** Up to `most` values. */
  list<Value>(most: number, make: () => Value): Value[];
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32: passes the usual tests of randomness in a few operations.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    pick: (values) => values[below(values.length)]!,
    list: (most, make) => Array.from({ length: below(most + 1) }, make),
  };
}
