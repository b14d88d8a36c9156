export {
  type AnalyzedLayer,
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
export type { Efficiency } from './efficiency.ts';
export { childrenOf, type ImageTree, type PlacedLayer } from './image-tree.ts';
export type { InstalledPackage, Inventory } from './inventory.ts';
export type { LayerChanges } from './layer-changes.ts';
export { type DiffKind, type LayerDiff, layerDiff } from './layer-diff.ts';
export type { LayerTree, NodeKind } from './layer-tree.ts';
export { linkedFile } from './link-groups.ts';
export type { Package } from './packages/package.ts';
export type { LeftCache, RiskyFile } from './risks.ts';
export { cycloneDxDocument, spdxDocument } from './sbom/sbom.ts';
export { Stack } from './stack.ts';
export type { Waste } from './waste.ts';
