import { type Inputs, keyOf } from '../cache/inputs.ts';
import type { CommittedStep, Surroundings } from '../ports.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import type { Attempt } from './layer-step.ts';

export interface CopyRequestOnParent {
  readonly parent: Parent;
  /** All that the layer follows from, but for what it stands on. */
  readonly content: Inputs;
  /** Those of the step itself. */
  readonly inputs: Inputs;
  readonly attempt: Attempt;
  /** Copies; tells what it found below, where that is known. */
  readonly make: () => Promise<{ layer: CommittedStep; surroundings: Surroundings | undefined }>;
}

/**
 * A layer of copied files: one that was made before on another stack, where a copy would find the
 * same on this one, or else a new one.
 */
export async function reuseCopy(
  { ports: { filesystems, records }, hold }: BuildScope,
  { parent, content, inputs, attempt, make }: CopyRequestOnParent,
): Promise<CommittedStep> {
  const name = keyOf({ ...content, step: `${content.step} on any parent` });
  const key = keyOf(inputs);
  const known = attempt.mayReuse ? records.copyOf(name) : undefined;
  const record = known && records.get(known.key);
  if (record) hold(record.chain);
  if (record && (await filesystems.has(record.chain))) {
    if (await filesystems.mayRestack(record.chain, parent.chain, known.surroundings)) {
      const layer = await filesystems.restack(record.chain, parent.chain);
      hold(layer.chain);
      // Of the two records the new one stays longer.
      records.putCopy(name, { ...known, key });
      return layer;
    }
  }
  const { layer, surroundings } = await make();
  if (surroundings !== undefined) records.putCopy(name, { key, surroundings });
  return layer;
}
