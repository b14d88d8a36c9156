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
}

/** What libnftables may safely be given: no word with a meaning in its language starts upper case. */
const plainName = /^[a-zA-Z_][\w.-]*$/;

/** Adds the rule to each such chain that lacks it. Gives the chains that could not be helped. */
export async function admitAllowedPackets(nft: Nftables, comment: string): Promise<string[]> {
  const unhelped: string[] = [];
  for (const chain of await droppingChains(nft)) {
    const place = `${chain.family} ${chain.table} ${chain.name}`;
    if ((await rulesWith(nft, chain, comment)).length > 0) continue;
    try {
      await nft.run(
        `insert rule ${place} meta mark & ${allowedMark} == ${allowedMark} accept comment "${comment}"`,
      );
    } catch {
      unhelped.push(place);
    }
  }
  return unhelped;
}

/** Takes the rules of `admitAllowedPackets` out again. */
export async function forgetAllowedPackets(nft: Nftables, comment: string): Promise<void> {
  for (const chain of await droppingChains(nft)) {
    for (const handle of await rulesWith(nft, chain, comment)) {
      await nft.run(`delete rule ${chain.family} ${chain.table} ${chain.name} handle ${handle}`);
    }
  }
}

async function droppingChains(nft: Nftables): Promise<ForeignChain[]> {
  const chains = (await nft.query('list chains')).flatMap(({ chain }) => (chain ? [chain] : []));
  return chains
    .filter(
      ({ type, hook, policy, family }) =>
        type === 'filter' &&
        policy === 'drop' &&
        (hook === 'forward' || hook === 'input') &&
        ['ip', 'ip6', 'inet'].includes(String(family)),
    )
    .map(({ family, table, name }) => ({
      family: String(family),
      table: String(table),
      name: String(name),
    }))
    .filter(({ table, name }) => plainName.test(table) && plainName.test(name));
}

async function rulesWith(nft: Nftables, chain: ForeignChain, comment: string): Promise<number[]> {
  const objects = await nft.query(`list chain ${chain.family} ${chain.table} ${chain.name}`);
  return objects
    .filter(({ rule }) => rule?.comment === comment)
    .map(({ rule }) => Number(rule!.handle));
}
