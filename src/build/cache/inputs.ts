import { type Digest, digestOf } from '../../core/index.ts';

/** What a step's result follows from, by name; a value is text or the digest of content. */
export type Inputs = Readonly<Record<string, string>>;

/** Changes when the meaning of any input does, so that old records no longer match. */
const keyVersion = 'berth-step-1';

/** The key of a step: the digest of its inputs, in whatever order they come. */
export function keyOf(inputs: Inputs): Digest {
  const fields: string[] = [keyVersion];
  for (const name of Object.keys(inputs).sort()) fields.push(name, inputs[name]!);
  return digestOf(fields.map((field) => `${Buffer.byteLength(field)}:${field}`).join(''));
}

/** A list as one input; no two lists give the same text. */
export function listInput(items: readonly string[]): string {
  return JSON.stringify(items);
}
