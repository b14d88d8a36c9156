import { availableParallelism } from 'node:os';
import { BerthError, type Digest, errorMessage } from '../../core/index.ts';
import { type Image, type Layer, layerArchive } from '../image.ts';
import type { HistoryEntry, ImageConfig } from '../manifest/image-config.ts';
import { type Budget, fullBudget } from './budget.ts';
import { type ConfigSecret, configSecretsOf } from './config-secrets.ts';
import { type Duplicate, duplicatesOf } from './duplicates.ts';
import { type Efficiency, efficiencyOf } from './efficiency.ts';
import { type ImageTree, imageTree } from './image-tree.ts';
import { type Inventory, inventoryOf } from './inventory.ts';
import { type LayerChanges, layerChanges } from './layer-changes.ts';
import { type LayerContents, layerProbe } from './layer-probe.ts';
import { LayerTree } from './layer-tree.ts';
import { type LeftCache, leftCaches, type RiskyFile, riskyFiles } from './risks.ts';
import { scanLayer } from './scan-layer.ts';
import { type Stack, stackAll } from './stack.ts';
import { type Waste, wasteOf } from './waste.ts';

/** All that is known of an image once its layers have been read. */
export interface ImageAnalysis {
  readonly config: ImageConfig;
  readonly layers: readonly AnalyzedLayer[];
  readonly tree: ImageTree;
  readonly efficiency: Efficiency;
  /** The finished image: what is seen with all layers stacked. */
  readonly final: Stack;
  readonly waste: readonly Waste[];
  readonly inventory: Inventory;
  readonly duplicates: readonly Duplicate[];
  readonly configSecrets: readonly ConfigSecret[];
  readonly risks: readonly RiskyFile[];
  readonly caches: readonly LeftCache[];
}

export interface AnalyzedLayer {
  readonly index: number;
  readonly digest: Digest;
  readonly diffId: Digest;
  /** Sum of its members' sizes. */
  readonly sizeBytes: number;
  /** As it is stored, perhaps compressed. */
  readonly storedBytes: number;
  /** The line of history that made it, when the image has one for it. */
  readonly history: HistoryEntry | undefined;
  readonly changes: LayerChanges;
}

export interface AnalyzeOptions {
  readonly signal?: AbortSignal;
  /** Called as layers are done. */
  readonly onProgress?: (done: { layers: number; of: number }) => void;
}

/** Reads each layer once, several side by side. Throws `invalid` for layers that are damaged. */
export async function analyzeImage(
  image: Image,
  options: AnalyzeOptions = {},
): Promise<ImageAnalysis> {
  const scanned = await scanLayers(image.layers, options);
  const trees = scanned.map((layer) => layer.tree);
  const tree = imageTree(trees);
  const final = stackAll(tree);
  const changes = layerChanges(tree);
  const history = (image.config.history ?? []).filter((entry) => !entry.empty_layer);
  return {
    config: image.config,
    layers: image.layers.map(({ descriptor, diffId }, index) => ({
      index,
      digest: descriptor.digest,
      diffId,
      sizeBytes: trees[index]!.sizeBytes,
      storedBytes: descriptor.size,
      history: history[index],
      changes: changes[index]!,
    })),
    tree,
    efficiency: efficiencyOf(tree),
    final,
    waste: wasteOf(tree),
    inventory: inventoryOf(
      tree,
      scanned.map((layer) => layer.contents),
      final,
    ),
    duplicates: duplicatesOf(tree, final),
    configSecrets: configSecretsOf(image.config),
    risks: riskyFiles(tree, final),
    caches: leftCaches(tree, final),
  };
}

interface ScannedLayer {
  readonly tree: LayerTree;
  readonly contents: LayerContents;
}

async function scanLayers(
  layers: readonly Layer[],
  { signal, onProgress }: AnalyzeOptions,
): Promise<ScannedLayer[]> {
  const scanned: ScannedLayer[] = [];
  const budget = fullBudget();
  const leaving = new AbortController();
  const both = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < layers.length) {
      const index = next++;
      scanned[index] = await scanOne(layers[index]!, { index, budget, signal: both });
      onProgress?.({ layers: ++done, of: layers.length });
    }
  };
  const workers = Array.from({ length: Math.min(4, availableParallelism()) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    leaving.abort();
    await Promise.allSettled(workers);
    throw error;
  }
  return scanned;
}

async function scanOne(
  layer: Layer,
  { index, budget, signal }: { index: number; budget: Budget; signal: AbortSignal },
): Promise<ScannedLayer> {
  try {
    const tree = new LayerTree();
    const { probe, contents } = layerProbe(tree, budget);
    await scanLayer(layerArchive(layer, { signal }), { tree, probe, budget });
    return { tree, contents };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const what = `analyze layer ${index} (${layer.descriptor.digest})`;
    throw new BerthError(error.kind, `${what}: ${errorMessage(error)}`, {
      ...(error.code !== undefined && { code: error.code }),
      cause: error,
    });
  }
}
