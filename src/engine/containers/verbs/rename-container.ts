import { invalid } from '../../../core/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { parseContainerName } from '../names.ts';

/** Throws `invalid` for a name it cannot have, `conflict` for one in use, in Docker's words. */
export async function renameContainer(
  parts: EngineParts,
  ref: string,
  text: string,
): Promise<void> {
  if (text === '') throw invalid('Neither old nor new names may be empty');
  const { id } = parts.table.find(ref);
  const name = parseContainerName(text);
  await parts.inTurn(id, async () => {
    const { name: oldName } = parts.table.find(id);
    if (name === oldName) {
      throw invalid('Renaming a container with the same name as its current name');
    }
    using _reservation = parts.table.reserve(name, id);
    const record = parts.table.change(id, { name });
    if (parts.runs.has(id)) parts.networks.rename(id, name);
    parts.tell(record, 'rename', { oldName: `/${oldName}` });
  });
}
