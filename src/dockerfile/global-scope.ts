import { errorMessage, formatPlatform, type Platform, parsePlatform } from '../core/index.ts';
import { expandWord, type Replacement } from './expand-instruction.ts';
import type { FromInstruction } from './instruction.ts';
import type { Dockerfile } from './parse.ts';
import { locate, SyntaxFault } from './syntax-error.ts';
import type { Word } from './word.ts';

/** `--build-arg` by name; one without a value is looked up or left out before it comes here. */
export type BuildArgs = Readonly<Record<string, string | undefined>>;

/** The value given for a name; names such as `constructor` are no less free than others. */
export function buildArg(buildArgs: BuildArgs, name: string): string | undefined {
  return Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
}

/** What a build gives to the Dockerfile's variables. */
export interface ScopeOptions {
  readonly buildArgs?: BuildArgs;
  readonly buildPlatform: Platform;
  readonly targetPlatform: Platform;
  /** The stage asked for; the last one when absent. */
  readonly target?: string;
}

/** The variables that FROM sees: the platforms' and the ARGs before the first FROM. */
export interface GlobalScope {
  readonly variables: ReadonlyMap<string, string>;
  /** Names of all ARGs before the first FROM, those without a value too. */
  readonly declared: ReadonlySet<string>;
  /** FROM with its variables replaced. Throws `invalid` when nothing is left of the image's name. */
  expandFrom(from: FromInstruction): ExpandedFrom;
}

export interface ExpandedFrom {
  readonly image: Word;
  /** Undefined without `--platform`: then the target platform counts. */
  readonly platform: Platform | undefined;
}

/** Names that a build may set without any ARG; they reach RUN alone, not image or cache key. */
export const proxyArgNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'];

/** The proxy variables among the build arguments, in both spellings, for the environment of a RUN. */
export function proxyVariables(buildArgs: BuildArgs): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(buildArgs)) {
    const upper = name.toUpperCase();
    if (value === undefined || !proxyArgNames.includes(upper)) continue;
    variables.set(upper, value);
    variables.set(upper.toLowerCase(), value);
  }
  return variables;
}

/** Evaluates the ARGs before the first FROM, one after the other. Throws `invalid` with the place. */
export function globalScope(dockerfile: Dockerfile, options: ScopeOptions): GlobalScope {
  const { buildArgs = {} } = options;
  const variables = platformVariables(dockerfile, options);
  const declared = new Set<string>();
  const replacement: Replacement = {
    lookup: (name) => variables.get(name),
    escapeToken: dockerfile.escapeToken,
  };
  return locate(dockerfile, () => {
    for (const { definitions } of dockerfile.globalArgs) {
      for (const { name, defaultValue } of definitions) {
        declared.add(name.text);
        const given = buildArg(buildArgs, name.text);
        const value = given ?? (defaultValue && expandWord(defaultValue, replacement).text);
        if (value !== undefined) variables.set(name.text, value);
      }
    }
    return {
      variables,
      declared,
      expandFrom: (from) =>
        locate(dockerfile, () => expandFrom(from, replacement, options.buildPlatform)),
    };
  });
}

function platformVariables(
  { stages }: Dockerfile,
  { buildArgs = {}, buildPlatform, targetPlatform, target }: ScopeOptions,
): Map<string, string> {
  const values = {
    BUILDPLATFORM: formatPlatform(buildPlatform),
    BUILDOS: buildPlatform.os,
    BUILDOSVERSION: '',
    BUILDARCH: buildPlatform.architecture,
    BUILDVARIANT: buildPlatform.variant ?? '',
    TARGETPLATFORM: formatPlatform(targetPlatform),
    TARGETOS: targetPlatform.os,
    TARGETOSVERSION: '',
    TARGETARCH: targetPlatform.architecture,
    TARGETVARIANT: targetPlatform.variant ?? '',
    TARGETSTAGE: target || stages.at(-1)?.name || 'default',
  };
  return new Map(
    Object.entries(values).map(([name, value]) => [name, buildArg(buildArgs, name) ?? value]),
  );
}

function expandFrom(
  { image, platform }: FromInstruction,
  replacement: Replacement,
  local: Platform,
): ExpandedFrom {
  const expandedImage = expandWord(image, replacement);
  if (expandedImage.text === '') {
    throw new SyntaxFault(`base name (${image.text}) should not be blank`, image.range);
  }
  if (!platform) return { image: expandedImage, platform: undefined };
  const { text } = expandWord(platform, replacement);
  if (text === '') {
    const message = `empty platform value from expression ${platform.text}`;
    throw new SyntaxFault(message, platform.range);
  }
  try {
    return { image: expandedImage, platform: parsePlatform(text, local) };
  } catch (error) {
    const message = `failed to parse platform ${platform.text}: ${errorMessage(error)}`;
    throw new SyntaxFault(message, platform.range);
  }
}
