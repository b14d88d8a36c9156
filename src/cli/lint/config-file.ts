import { statSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { errorMessage, invalid } from '../../core/index.ts';
import { type LabelType, type Severity, severities } from '../../dockerfile/lint/index.ts';
import { isFormat, isLabelType, isThreshold, type PartialConfig } from './lint-config.ts';
import { readBounded } from './read-bounded.ts';

/** A larger file is no configuration. */
const largestMiB = 1;

/** What a configuration file says, and what in it was not understood. */
export interface ConfigFile {
  readonly path: string;
  readonly config: PartialConfig;
  readonly unknownKeys: readonly string[];
}

/** The file that `--config` names, or the first of the candidates; undefined when there is none. */
export function findConfigFile(
  given: string | undefined,
  candidates: readonly string[],
): ConfigFile | undefined {
  const isFile = (candidate: string) => statSync(candidate, { throwIfNoEntry: false })?.isFile();
  const path = given ?? candidates.find((candidate) => isFile(candidate));
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readBounded(path, largestMiB);
  } catch (error) {
    throw invalid(`read configuration ${path}: ${errorMessage(error)}`, { cause: error });
  }
  return { path, ...parseConfig(text, path) };
}

/** Reads `.hadolint.yaml`. Throws `invalid` with the path on what is no such file. */
export function parseConfig(text: string, path: string): Omit<ConfigFile, 'path'> {
  const fail = (reason: string) => invalid(`read configuration ${path}: ${reason}`);
  let root: unknown;
  try {
    const document = parseDocument(text, { merge: true });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    // A few lines of aliases to aliases would otherwise become gigabytes.
    root = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    throw fail(errorMessage(error).split('\n', 1)[0]!);
  }
  if (!isMap(root)) throw fail('expected a map of options');
  const reader = new OptionReader(root, fail);
  const override = reader.map('override');
  const config: PartialConfig = {
    noFail: reader.boolean('no-fail'),
    noColor: reader.boolean('no-color'),
    verbose: reader.boolean('verbose'),
    format: reader.word('format', isFormat) ?? reader.word('output-format', isFormat),
    failureThreshold: reader.word('failure-threshold', isThreshold),
    strictLabels: reader.boolean('strict-labels'),
    disableIgnorePragma: reader.boolean('disable-ignore-pragma'),
    ignored: [...(reader.list('ignored') ?? []), ...(override?.list('ignore') ?? [])],
    override: override && overrideOf(override),
    trustedRegistries: [
      ...(reader.list('trustedRegistries') ?? []),
      ...(reader.list('trusted-registries') ?? []),
      ...(reader.list('allowedRegistries') ?? []),
    ],
    labelSchema: labelSchemaOf(reader.map('label-schema'), fail),
  };
  return { config, unknownKeys: [...reader.unread(), ...(override?.unread() ?? [])] };
}

type Fail = (reason: string) => Error;
type YamlMap = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads options by name and remembers which it was asked for. */
class OptionReader {
  readonly #values: YamlMap;
  readonly #fail: Fail;
  readonly #read = new Set<string>();

  constructor(values: YamlMap, fail: Fail) {
    this.#values = values;
    this.#fail = fail;
  }

  keys(): string[] {
    return Object.keys(this.#values);
  }

  unread(): string[] {
    return this.keys().filter((key) => !this.#read.has(key));
  }

  boolean(key: string): boolean | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#fail(`${key} should be true or false`);
  }

  word<Word extends string>(key: string, isWord: (text: string) => text is Word): Word | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && isWord(value)) return value;
    throw this.#fail(`${key} cannot be ${JSON.stringify(value)}`);
  }

  /** A list of texts, or one. */
  list(key: string): string[] | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const values = Array.isArray(value) ? value : [value];
    if (values.every((item) => typeof item === 'string')) return values;
    throw this.#fail(`${key} should be a list of names`);
  }

  map(key: string): OptionReader | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (isMap(value)) return new OptionReader(value, (reason) => this.#fail(`${key}: ${reason}`));
    throw this.#fail(`${key} should be a map`);
  }

  #value(key: string): unknown {
    this.#read.add(key);
    return Object.hasOwn(this.#values, key) ? (this.#values[key] ?? undefined) : undefined;
  }
}

function overrideOf(reader: OptionReader): Partial<Record<Severity, string[]>> {
  return Object.fromEntries(
    severities.map((severity) => [severity, reader.list(severity) ?? []]),
  ) as Record<Severity, string[]>;
}

function labelSchemaOf(
  reader: OptionReader | undefined,
  fail: Fail,
): Map<string, LabelType> | undefined {
  if (!reader) return undefined;
  return new Map(
    reader.keys().map((label) => {
      const [type = ''] = reader.list(label) ?? [];
      // hadolint takes these two words for text as well.
      const known = type === '' || type === 'rawtext' ? 'text' : type;
      if (!isLabelType(known)) throw fail(`label-schema: ${label} cannot be of type ${type}`);
      return [label, known];
    }),
  );
}
