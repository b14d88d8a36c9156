import type { AnalyzedLayer } from '../../image/analysis/index.ts';

/** What made the layer, as its history tells it, without the shell that ran it: dive's form. */
export function commandOf({ history }: Pick<AnalyzedLayer, 'history'>): string {
  return (history?.created_by ?? '(missing)').replace(/^\/bin\/sh -c /, '');
}

/**
 * What made the layer as the Dockerfile spells it, on one line, whoever built it. Values of build
 * arguments, which history puts before a command, are left out: they may be long, or secret.
 */
export function instructionOf({ history }: Pick<AnalyzedLayer, 'history'>): string {
  const line = (history?.created_by ?? '(missing)').replace(/\s+/g, ' ').trim();
  const told = line.replace(/ # buildkit$/, '').replace(/^\/bin\/sh -c #\(nop\) /, '');
  return withoutArguments(told).replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ');
}

/** `RUN |1 A=b /bin/sh -c make`: the shell begins at the last slash before its `-c`. */
function withoutArguments(line: string): string {
  if (!/^(?:RUN )?\|\d+ /.test(line)) return line;
  const flag = line.search(/ -[a-z]*c /);
  const options = flag < 0 ? -1 : line.lastIndexOf(' /', flag);
  return options < 0 ? line : `RUN${line.slice(options)}`;
}
