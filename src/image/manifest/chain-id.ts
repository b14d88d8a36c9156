import { type Digest, digestOf } from '../../core/index.ts';

/** The ChainIDs of the stacks that end at each layer in turn (image-spec, config.md). */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chains: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chains;
}
