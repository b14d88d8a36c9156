import { invalid } from '../../core/index.ts';

/**
 * What may still be kept of an image while its layers are scanned, all of them together: a layer
 * alone could be within any bounds, and a small archive hold a thousand such layers.
 */
export interface Budget {
  members: number;
  packages: number;
  secrets: number;
}

/** Far above what images hold: a full desktop has some 500,000 files and 5,000 packages. */
const most: Readonly<Budget> = { members: 16_000_000, packages: 500_000, secrets: 10_000 };

export function fullBudget(): Budget {
  return { ...most };
}

/** Counts one more member. Throws `invalid` when there are too many. */
export function spendMember(budget: Budget): void {
  if (--budget.members < 0) throw invalid(`analyze image: it has over ${most.members} members`);
}

/** Whether there was room for so many more; nothing is taken when there was not. */
export function spend(budget: Budget, what: 'packages' | 'secrets', count: number): boolean {
  if (count > budget[what]) return false;
  budget[what] -= count;
  return true;
}
