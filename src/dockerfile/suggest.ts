/** A suggestion must be nearer than this many edits. */
const distanceLimit = 3;

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) >= distanceLimit) return distanceLimit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  let leastBefore = 0;
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let distance = Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, beforePrevious[column - 2]! + 1);
      }
      current.push(distance);
      least = Math.min(least, distance);
    }
    // A swap reaches back two rows, so two rows must be beyond the limit.
    if (least >= distanceLimit && leastBefore >= distanceLimit) return distanceLimit;
    leastBefore = least;
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

function inCaseOf(match: string, written: string): string {
  if (written === written.toLowerCase()) return match.toLowerCase();
  return written === written.toUpperCase() ? match.toUpperCase() : match;
}

/** Options looked at; a file with more names than this gets no better advice, but gets it soon. */
const maxOptions = 200;

/**
 * The option at most two edits away from what was written, the first of the nearest, or undefined
 * when none is or the value is itself an option. With `ignoreCase` the answer takes the case of
 * what was written.
 */
export function nearest(
  written: string,
  options: Iterable<string>,
  { ignoreCase = false } = {},
): string | undefined {
  const value = ignoreCase ? written.toLowerCase() : written;
  let best: string | undefined;
  let bestDistance = distanceLimit;
  let looked = 0;
  for (const option of options) {
    if (++looked > maxOptions) break;
    const candidate = ignoreCase ? option.toLowerCase() : option;
    if (candidate === value) return undefined;
    const distance = editDistance(value, candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  if (!best) return undefined;
  return ignoreCase ? inCaseOf(best, written) : best;
}
