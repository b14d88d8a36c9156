import type { AnalyzedLayer } from '../../image/analysis/index.ts';

/** What made the layer, as its history tells it, without the shell that ran it. */
export function commandOf({ history }: Pick<AnalyzedLayer, 'history'>): string {
  return (history?.created_by ?? '(missing)').replace(/^\/bin\/sh -c /, '');
}

/** The same as the Dockerfile spells it, on one line. */
export function instructionOf(layer: Pick<AnalyzedLayer, 'history'>): string {
  return commandOf(layer)
    .replace(/^#\(nop\)\s+/, '')
    .replace(/^(?:\|\d+ (?:\S+=\S* )*)?RUN \/bin\/sh -c /, 'RUN ')
    .replace(/\s+# buildkit$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
