import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Digest } from '../../../src/core/index.ts';
import { createOverlays } from '../../../src/linux/index.ts';
import { addLayer, openWorkbench, tarOf, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.destroy());

const layer = (tar: Buffer, parent?: Digest | null) => addLayer(bench, tar, parent);

for (const way of ['descriptors', 'string'] as const) {
  test(`a stack of more layers than a mount takes, by ${way}`, async () => {
    await bench.destroy();
    bench = await openWorkbench({ overlays: createOverlays(way) });
    const count = way === 'descriptors' ? 620 : 90;
    let chain: Digest | null = null;
    for (let index = 0; index < count; index++) {
      const deletes = index > 0 && index % 10 === 0;
      chain = await layer(
        await tarOf(
          { path: 'which', type: 'file', content: String(index) },
          { path: `d${index % 7}/f${index}`, type: 'file', content: String(index) },
          ...(deletes
            ? [{ path: `d${(index - 1) % 7}/.wh.f${index - 1}`, type: 'file' as const }]
            : []),
        ),
        chain,
      );
    }
    await using view = await bench.snapshots.view(chain);
    assert.equal(readFileSync(join(view.rootPath, 'which'), 'utf8'), String(count - 1));
    for (let index = 0; index < count; index++) {
      const isDeleted = index % 10 === 9 && index + 1 < count;
      const path = join(view.rootPath, `d${index % 7}/f${index}`);
      assert.equal(existsSync(path), !isDeleted, path);
    }
    assert(readdirSync(join(bench.rootPath, 'snapshots/flat')).length > 0);
  });
}
