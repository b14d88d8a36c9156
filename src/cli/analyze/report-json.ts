import type {
  AnalyzedLayer,
  Efficiency,
  ImageAnalysis,
  ImageComparison,
} from '../../image/analysis/index.ts';
import type { ImageConfig } from '../../image/index.ts';
import { adviceOnCache } from './advice.ts';
import { attributeWaste, type LayerLines, placeName, placeOfLayer } from './attribution.ts';

/** The image that a report is of. */
export interface ReportSubject {
  readonly label: string;
  readonly lines: LayerLines;
}

/**
 * All that is found in an image, for machines: what the report for people says, with no list cut
 * short. dive's own document, with every file of every layer, is `diveJson`.
 */
export function reportJson(analysis: ImageAnalysis, { label, lines }: ReportSubject): object {
  const { config, layers, efficiency, inventory } = analysis;
  return {
    image: {
      name: label,
      platform: platformOf(config),
      sizeBytes: efficiency.sizeBytes,
      storedBytes: storedBytes(layers),
      distribution: inventory.osRelease.get('PRETTY_NAME') ?? null,
    },
    efficiency: efficiencyJson(efficiency),
    layers: layers.map(({ index, history: _, ...layer }) => ({
      ...placeOfLayer(analysis, index, lines),
      ...layer,
    })),
    waste: attributeWaste(analysis, lines).map(({ waste, ...attribution }) => {
      const { sizeBytes, files, kind, examples } = waste;
      return { sizeBytes, files, kind, ...attribution, examples };
    }),
    ...findingsJson(analysis, lines),
  };
}

function efficiencyJson({ score, wastedBytes, userSizeBytes, ...rest }: Efficiency): object {
  // JSON has no word for the share of an image that has but one layer.
  const userWastedShare = Number.isFinite(rest.userWastedShare) ? rest.userWastedShare : null;
  return { score, wastedBytes, userSizeBytes, userWastedShare, files: rest.repeated };
}

function findingsJson(analysis: ImageAnalysis, lines: LayerLines): object {
  const { caches, duplicates, risks, inventory, configSecrets } = analysis;
  const at = (layer: number) => {
    const { instruction: _, ...place } = placeOfLayer(analysis, layer, lines);
    return place;
  };
  return {
    caches: caches.map((cache) => {
      const { layer, ...rest } = cache;
      return { ...rest, ...at(layer), advice: adviceOnCache(cache, placeName(layer, lines)) };
    }),
    duplicates: duplicates.map(({ files, ...duplicate }) => ({
      ...duplicate,
      files: files.map(({ path, layer }) => ({ path, ...at(layer) })),
    })),
    secrets: [
      ...inventory.secrets.map(({ kind, path, layer, hiddenBy }) => ({
        kind,
        path,
        ...at(layer),
        hiddenBy: hiddenBy === undefined ? null : at(hiddenBy),
      })),
      ...configSecrets,
    ],
    risks: risks.map(({ layer, mode, ...file }) => ({
      ...file,
      mode: mode.toString(8).padStart(4, '0'),
      ...at(layer),
    })),
    unreadDatabases: inventory.unread.map(({ path, layer }) => ({ path, ...at(layer) })),
    packages: inventory.packages.map(({ layer, ...one }) => ({ ...one, ...at(layer) })),
  };
}

/** What grew from one image to another, for machines; the changes as `compareImages` has them. */
export function comparisonJson(
  comparison: ImageComparison,
  images: readonly [before: ComparedImage, after: ComparedImage],
): object {
  const told = ({ label, analysis: { config, layers } }: ComparedImage, sizeBytes: number) => ({
    name: label,
    platform: platformOf(config),
    layers: layers.length,
    sizeBytes,
    storedBytes: storedBytes(layers),
  });
  const { before, after, paths, packages } = comparison;
  return {
    before: told(images[0], before),
    after: told(images[1], after),
    changedBytes: after - before,
    paths,
    packages,
  };
}

interface ComparedImage {
  readonly label: string;
  readonly analysis: ImageAnalysis;
}

function platformOf({ os, architecture, variant }: ImageConfig): object {
  return { os, architecture, ...(variant && { variant }) };
}

function storedBytes(layers: readonly AnalyzedLayer[]): number {
  return layers.reduce((sum, layer) => sum + layer.storedBytes, 0);
}
