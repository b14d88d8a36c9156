/** Runs works with at most so many at once; the others wait in line. */
export function limit(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The place goes over to the next in line, if there is one.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
