import { invalid } from '../../core/index.ts';

/** Refuses what is not `name:address`, in Docker's words. */
export function checkExtraHosts(entries: readonly string[]): void {
  for (const entry of entries) {
    if (!/^[^:=\s]+[:=]\S+$/.test(entry)) throw invalid(`bad format for add-host: "${entry}"`);
  }
}
