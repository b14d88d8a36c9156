import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../workshop.ts';
import { standardFiles } from './case-files.ts';

export const casesFolder = join(import.meta.dirname, '../testdata');

/** What `case.json` says beside the Dockerfile. */
export interface CaseOptions {
  /** Added to the standard context, or instead of it with `only`; null leaves one out. */
  readonly files?: Readonly<Record<string, string | { content: string; mode?: number } | null>>;
  readonly only?: boolean;
  readonly dockerfile?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly allow?: readonly ('network.host' | 'security.insecure')[];
  readonly contexts?: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  /** Why Berth's result is another than BuildKit's. */
  readonly differs?: string;
}

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  readonly dockerfileName: string;
  readonly options: CaseOptions;
  /** The context, the Dockerfile in it. */
  readonly files: Files;
}

/** The cases of `testdata`, or those whose names hold one of the words. */
export async function goldenCases(words: readonly string[] = []): Promise<GoldenCase[]> {
  const standard = await standardFiles();
  return readdirSync(casesFolder)
    .sort()
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .map((name) => goldenCase(name, standard));
}

function goldenCase(name: string, standard: Files): GoldenCase {
  const folder = join(casesFolder, name);
  const optionsPath = join(folder, 'case.json');
  const options: CaseOptions = existsSync(optionsPath)
    ? JSON.parse(readFileSync(optionsPath, 'utf8'))
    : {};
  const dockerfileName = options.dockerfile ?? 'Dockerfile';
  const given = Object.entries(options.files ?? {});
  const files = {
    ...(options.only ? {} : standard),
    ...Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== null)),
    [dockerfileName]: readFileSync(join(folder, 'Dockerfile')),
  } as Record<string, Files[string]>;
  for (const [path, file] of given) if (file === null) delete files[path];
  return { name, folder, dockerfileName, options, files };
}
