import type { ImageAnalysis, Waste } from '../../image/analysis/index.ts';
import { adviceFor } from './advice.ts';
import type { DockerfileLine } from './dockerfile-lines.ts';
import { instructionOf } from './layer-command.ts';

/** By layer, the line of the Dockerfile that made it; undefined when there is no Dockerfile at hand. */
export type LayerLines = readonly (DockerfileLine | undefined)[] | undefined;

/** What made a layer, as far as it is known. */
export interface Place {
  readonly layer: number;
  /** In the Dockerfile, when there is one and the layer is not the base image's. */
  readonly line?: number;
  /** On one line. */
  readonly instruction: string;
}

/** A waste with what caused it, what undid it, and what would save it. */
export interface AttributedWaste {
  readonly waste: Waste;
  readonly brought: Place;
  readonly undone: Place;
  /** Whether what is wasted stems from the base image, so that another base alone saves it. */
  readonly fromBase: boolean;
  readonly advice: string;
}

export function placeOfLayer({ layers }: ImageAnalysis, layer: number, lines: LayerLines): Place {
  const line = lines?.[layer];
  return {
    layer,
    ...(line && { line: line.line }),
    instruction: line?.text ?? instructionOf(layers[layer]!),
  };
}

/** How reports speak of a layer: by its line in the Dockerfile if that is known. */
export function placeName(layer: number, lines: LayerLines): string {
  const line = lines?.[layer];
  return line ? `line ${line.line}` : `layer ${layer}`;
}

/** Without a Dockerfile the first layer is taken for the base image, as in dive. */
export function attributeWaste(analysis: ImageAnalysis, lines: LayerLines): AttributedWaste[] {
  const firstOwn = lines?.findIndex((line) => line !== undefined) ?? 1;
  const ownFrom = firstOwn < 0 ? analysis.layers.length : firstOwn;
  return analysis.waste.map((waste) => {
    const brought = placeOfLayer(analysis, waste.broughtBy, lines);
    const undone = placeOfLayer(analysis, waste.undoneBy, lines);
    const fromBase = waste.broughtBy < ownFrom;
    const advice = adviceFor(waste, {
      brought: brought.instruction,
      undone: undone.instruction,
      broughtAt: placeName(waste.broughtBy, lines),
      undoneAt: placeName(waste.undoneBy, lines),
      fromBase,
    });
    return { waste, brought, undone, fromBase, advice };
  });
}
