import { invalid } from '../core/index.ts';
import { expandInstruction, expandWord, type Replacement } from './expand-instruction.ts';
import { type BuildArgs, buildArg, type GlobalScope } from './global-scope.ts';
import type { ArgDefinition, ArgInstruction, StageInstruction } from './instruction.ts';
import type { Dockerfile } from './parse.ts';
import { locate } from './syntax-error.ts';
import type { Word } from './word.ts';

/** The variables of one stage while its instructions are evaluated in order. */
export interface StageScope {
  /** What `$name` gives now, which is also the environment of a RUN: ENV and ARG together. */
  readonly variables: ReadonlyMap<string, string>;
  /** The ARGs declared so far with their values; those of the parent stage come first. */
  readonly args: ReadonlyMap<string, string | undefined>;
  /**
   * The instruction with its variables replaced. What ENV and ARG set holds from then on; ARG comes
   * back with the values that hold as `defaultValue`. Throws `invalid` with the place.
   */
  evaluate<Kind extends StageInstruction>(
    instruction: Kind,
    onUnset?: Replacement['onUnset'],
  ): Kind;
}

/** ARGs that steer the builder itself and so never become variables. */
const builderArgs = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);

export interface StageScopeOptions {
  readonly dockerfile: Dockerfile;
  readonly global: GlobalScope;
  readonly buildArgs?: BuildArgs;
  /** The environment of the base image; ignored with `parent`. */
  readonly environment?: Iterable<readonly [name: string, value: string]>;
  /** The scope of the stage this one is built from, as it is at that stage's end. */
  readonly parent?: StageScope;
}

/** Variables that all stages of a file together may inherit: beyond any use, and still quick. */
const maxInherited = 2_000_000;
const inherited = new WeakMap<GlobalScope, number>();

function countInherited(global: GlobalScope, { variables, args }: StageScope): void {
  const count = (inherited.get(global) ?? 0) + variables.size + args.size;
  if (count > maxInherited) {
    throw invalid(`evaluate stages: they inherit more than ${maxInherited} variables`);
  }
  inherited.set(global, count);
}

/** Opens the scope of a stage. The parent is copied, not changed. */
export function stageScope(options: StageScopeOptions): StageScope {
  const { dockerfile, global, buildArgs = {}, environment = [], parent } = options;
  if (parent) countInherited(global, parent);
  const variables = new Map<string, string>(parent?.variables ?? environment);
  const args = new Map<string, string | undefined>(parent?.args);
  const { escapeToken } = dockerfile;
  const lookup = (name: string) => variables.get(name);
  // The last to be set comes last, which decides between suggestions.
  const set = (name: string, value: string) => {
    variables.delete(name);
    variables.set(name, value);
  };

  const evaluateArg = (instruction: ArgInstruction, replacement: Replacement): ArgInstruction => ({
    ...instruction,
    definitions: instruction.definitions.map((definition) => {
      const value = argValue(definition, { buildArgs, global, replacement });
      args.set(definition.name.text, value?.text);
      if (value && !builderArgs.has(definition.name.text)) {
        set(definition.name.text, value.text);
      }
      return { ...definition, defaultValue: value };
    }),
  });

  return {
    variables,
    args,
    evaluate<Kind extends StageInstruction>(instruction: Kind, onUnset?: Replacement['onUnset']) {
      const replacement: Replacement = {
        lookup,
        escapeToken,
        onUnset: onUnset && ((name, word) => void (args.has(name) || onUnset(name, word))),
      };
      return locate(dockerfile, (): Kind => {
        if (instruction.kind === 'arg') return evaluateArg(instruction, replacement) as Kind;
        const expanded = expandInstruction<StageInstruction>(instruction, replacement);
        if (expanded.kind === 'env') {
          for (const { key, value } of expanded.pairs) set(key.text, value.text);
        }
        return expanded as Kind;
      });
    },
  };
}

/** `--build-arg` wins over the default, which wins over the ARG of the same name before FROM. */
function argValue(
  { name, defaultValue }: ArgDefinition,
  {
    buildArgs,
    global,
    replacement,
  }: {
    buildArgs: BuildArgs;
    global: GlobalScope;
    replacement: Replacement;
  },
): Word | undefined {
  const given = buildArg(buildArgs, name.text);
  if (given !== undefined) return { text: given, range: (defaultValue ?? name).range };
  if (defaultValue) return expandWord(defaultValue, replacement);
  const inherited = global.variables.get(name.text);
  return inherited === undefined ? undefined : { text: inherited, range: name.range };
}
