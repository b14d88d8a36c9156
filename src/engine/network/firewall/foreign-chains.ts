import type { Nftables } from '../../../linux/index.ts';
import { allowedMark } from './ruleset.ts';

/**
 * Chains of other tables that drop by policy what passes through, as dockerd's, ufw's or an
 * administrator's. A packet must be accepted by every chain of a hook, so what our table allows
 * needs one rule there: accept what carries our mark. Their own rules are not touched.
 */
interface ForeignChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a chain with a hook; others have none of these. */
  readonly type?: string;
  readonly hook?: string;
  readonly policy?: string;
}

/** Names that need no quoting in nft's language. */
const plainName = /^[a-zA-Z_][\w.-]*$/;

/** Keeps an eye on the rules of others; cheap enough to be called at each start of a container. */
export interface Admission {
  /**
   * Sees to it that each dropping chain has our rule; says once which cannot have it. Gives false
   * when our own table is not there any more.
   */
  check(): Promise<boolean>;
}

/** Other programs change their rules rarely; looking takes a fraction of a millisecond. */
const checkEveryMs = 5000;

export function createAdmission(options: {
  nft: Nftables;
  table: string;
  now: () => number;
  warn: (message: string) => void;
}): Admission {
  const { nft, table, now, warn } = options;
  const warned = new Set<string>();
  let checkedAtMs = Number.NEGATIVE_INFINITY;

  async function admitTo(chain: ForeignChain): Promise<void> {
    const place = `${chain.family} ${chain.table} ${chain.name}`;
    try {
      if ((await rulesWith(nft, chain, table)).length > 0) return;
      await nft.run(
        `insert rule ${place} meta mark & ${allowedMark} == ${allowedMark} accept comment "${table}"`,
      );
    } catch {
      if (warned.has(place)) return;
      warned.add(place);
      warn(`nftables chain ${place} drops packets and takes no rule: containers may be cut off`);
    }
  }
  return {
    async check() {
      if (now() - checkedAtMs < checkEveryMs) return true;
      checkedAtMs = now();
      const chains = await listChains(nft);
      for (const chain of chains.filter(isDropping)) await admitTo(chain);
      return chains.some((chain) => chain.family === 'inet' && chain.table === table);
    },
  };
}

/** Takes the rules of `admitAllowedPackets` out again. */
export async function forgetAllowedPackets(nft: Nftables, comment: string): Promise<void> {
  for (const chain of (await listChains(nft)).filter(isDropping)) {
    for (const handle of await rulesWith(nft, chain, comment)) {
      await nft.run(`delete rule ${chain.family} ${chain.table} ${chain.name} handle ${handle}`);
    }
  }
}

async function listChains(nft: Nftables): Promise<ForeignChain[]> {
  const chains = (await nft.query('list chains')).flatMap(({ chain }) => (chain ? [chain] : []));
  return chains as unknown as ForeignChain[];
}

function isDropping({ family, table, name, type, hook, policy }: ForeignChain): boolean {
  return (
    type === 'filter' &&
    policy === 'drop' &&
    (hook === 'forward' || hook === 'input') &&
    ['ip', 'ip6', 'inet'].includes(family) &&
    plainName.test(table) &&
    plainName.test(name)
  );
}

async function rulesWith(nft: Nftables, chain: ForeignChain, comment: string): Promise<number[]> {
  const objects = await nft.query(`list chain ${chain.family} ${chain.table} ${chain.name}`);
  return objects
    .filter(({ rule }) => rule?.comment === comment)
    .map(({ rule }) => Number(rule!.handle));
}
