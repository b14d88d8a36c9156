import type { RemoteChoice } from '../../build/index.ts';
import { invalid } from '../../core/index.ts';
import type { Metadata } from '../grpc/metadata.ts';

/** What is asked of a folder, as headers of DiffCopy (BuildKit, session/filesync). */
export function encodeChoice(name: string, { exclude, only }: RemoteChoice): Metadata {
  const headers: Record<string, readonly string[]> = {};
  const add = (header: string, values: readonly string[]) => {
    if (values.length === 0) return;
    const isPlain = values.every((value) => /^[\x20-\x7e]*$/.test(value));
    headers[header] = isPlain ? values : values.map(encodeURIComponent);
    if (!isPlain) headers[`${header}-encoded`] = ['1'];
  };
  add('dir-name', [name]);
  add('exclude-patterns', exclude);
  add('followpaths', only ?? []);
  return headers;
}

/** A choice and the folder's name, as a client reads them; `include` are patterns to keep to. */
export function decodeChoice(headers: Metadata): RemoteChoice & {
  readonly name: string;
  readonly include: readonly string[];
} {
  const values = (header: string) => {
    const found = headers[header] ?? [];
    return headers[`${header}-encoded`]?.[0] === '1' ? found.map(decodeValue) : found;
  };
  return {
    name: values('dir-name')[0] ?? '',
    exclude: values('exclude-patterns'),
    only: headers.followpaths && values('followpaths'),
    include: values('include-patterns'),
  };
}

function decodeValue(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw invalid(`read header: ${JSON.stringify(text)} is not well encoded`, { cause });
  }
}
