import { digestOf, invalid, message } from '../../../core/index.ts';

/*
 * Clients take what a build gave, LLB, and hand it on to builds that stand on it. Here it is one
 * source that names the result (BuildKit, solver/pb/ops.proto).
 */

const scheme = 'berth-result://';

const op = message<{
  inputs: readonly { digest: string }[];
  source: { identifier: string } | null;
}>({
  inputs: [1, { digest: [1, 'string'] }, 'repeated'],
  source: [3, { identifier: [1, 'string'] }],
});
const definition = message<{
  def: readonly Uint8Array[];
  /** Of every operation, though there is nothing to say of them. */
  metadata: ReadonlyMap<string, Uint8Array>;
  source: Uint8Array;
}>({
  def: [1, 'bytes', 'repeated'],
  metadata: [2, 'bytes', 'map'],
  source: [3, 'bytes'],
});

/** A definition that stands for the result of this name. */
export function linkTo(ref: string): Uint8Array {
  const source = op.encode({ source: { identifier: `${scheme}${ref}` } });
  const end = op.encode({ inputs: [{ digest: digestOf(source) }] });
  const nothing = new Uint8Array();
  const metadata = new Map([source, end].map((one) => [digestOf(one), nothing]));
  return definition.encode({ def: [source, end], metadata, source: nothing });
}

/** The name of the result a definition stands for. Throws `invalid` for any other definition. */
export function linkedResult(bytes: Uint8Array): string {
  for (const one of definition.decode(bytes).def) {
    const identifier = op.decode(one).source?.identifier ?? '';
    if (identifier.startsWith(scheme)) return identifier.slice(scheme.length);
  }
  throw invalid('solve: an input is LLB and not the result of another build here');
}
