export {
  type AnalyzedLayer,
  type AnalyzeOptions,
  analyzeImage,
  type ImageAnalysis,
} from './analyze-image.ts';
export {
  compareImages,
  type ImageComparison,
  type PackageChange,
  type PathChange,
} from './compare.ts';
export type { ConfigSecret } from './config-secrets.ts';
export type { Duplicate } from './duplicates.ts';
export type { Efficiency, RepeatedPath } from './efficiency.ts';
export { childrenOf, type ImageTree, type PlacedLayer } from './image-tree.ts';
export type { FoundSecret, InstalledPackage, Inventory } from './inventory.ts';
export type { LayerChanges } from './layer-changes.ts';
export { type DiffKind, type LayerDiff, layerDiff } from './layer-diff.ts';
export type { LayerTree, NodeKind } from './layer-tree.ts';
export type { Package, PackageKind } from './packages/package.ts';
export type { LeftCache, RiskyFile } from './risks.ts';
export { cycloneDxDocument, type SbomOptions, spdxDocument } from './sbom/sbom.ts';
export { Stack } from './stack.ts';
export type { Waste, WasteKind } from './waste.ts';
