import { atOnce, type Pieces } from '../../core/index.ts';
import {
  type ArgDefinition,
  type ArgInstruction,
  type Dockerfile,
  descriptionsIn,
  expandWord,
  located,
  type SourceRange,
  type Stage,
  type StageInstruction,
  type StageScope,
  stageScope,
  type Word,
} from '../../dockerfile/index.ts';
import type { StageCommand } from './graph.ts';
import { idOf } from './instructions/run.ts';
import type { PlanOptions } from './plan.ts';
import { readStages } from './read-stages.ts';
import type { StageList } from './stages.ts';

/** What can be given to a build of one target. */
export interface BuildOutline {
  /** The target's name, '' for one that has none. */
  readonly name: string;
  readonly description: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineMount[];
  readonly ssh: readonly OutlineMount[];
}

export interface OutlineArg extends OutlineLines {
  readonly name: string;
  readonly description: string;
  /** As it is for this build; '' where it has none. */
  readonly value: string;
}

export interface OutlineMount extends OutlineLines {
  readonly name: string;
  readonly required: boolean;
}

/** A stage that can be built. */
export interface OutlineTarget extends OutlineLines {
  readonly name: string;
  readonly description: string;
  /** As written after FROM. */
  readonly base: string;
  readonly platform: string;
  readonly isDefault: boolean;
}

/** First and last line of the instruction. */
interface OutlineLines {
  readonly line: number;
  readonly endLine: number;
}

/** The stages of a Dockerfile in their order. */
export function outlineTargets({ stages }: Dockerfile): OutlineTarget[] {
  return stages.map((stage) => ({
    name: stage.name ?? '',
    description: descriptionOf(stage),
    base: stage.from.image.text,
    platform: stage.from.platform?.text ?? '',
    isDefault: stage === stages.at(-1),
    ...linesOf(stage.from.range),
  }));
}

/**
 * The arguments, secrets and ssh agents that the target and the stages it needs ask for, in the order
 * of the file. Nothing is known of base images here: neither their variables nor their triggers.
 * Throws `invalid` with the place in the Dockerfile.
 */
export function buildOutline(file: Dockerfile, options: PlanOptions): BuildOutline {
  return atOnce(outliningBuild(file, options));
}

/** As `buildOutline`, in pieces. */
export function* outliningBuild(file: Dockerfile, options: PlanOptions): Pieces<BuildOutline> {
  try {
    return yield* outlineOf(file, options);
  } catch (error) {
    throw located(file, error);
  }
}

function* outlineOf(file: Dockerfile, options: PlanOptions): Pieces<BuildOutline> {
  const { global, list, target, commands, needed } = yield* readStages(file, options, () => []);
  const globalArgs = globalOutline(file, global.variables);
  const scopes = new Map<number, StageScope>();
  const wants = new Map<number, StageWants>();
  for (const index of needed) {
    const { base, stage } = list.nodes[index]!;
    const parent = base.kind === 'stage' ? scopes.get(base.index) : undefined;
    const scope = stageScope({ dockerfile: file, global, buildArgs: options.buildArgs, parent });
    scopes.set(index, scope);
    const used = globalArgs.usedBy([stage.from.image, stage.from.platform]);
    wants.set(index, yield* wantsOf(commands[index]!, { scope, options, used }));
  }
  const { name = '' } = list.nodes[target]!.stage;
  yield;
  const order = walkOrder(list, commands, target).map((index) => wants.get(index)!);
  const args = (stage: StageWants) => stage.argsWith(globalArgs.known);
  return {
    name,
    description: descriptionOf(list.nodes[target]!.stage),
    args: merged(order.map(args)),
    secrets: merged(order.map(({ secrets }) => secrets)),
    ssh: merged(order.map(({ ssh }) => ssh)),
  };
}

/** The ARGs before the first FROM, and which of them something needs, by way of others too. */
function globalOutline(file: Dockerfile, variables: ReadonlyMap<string, string>) {
  const known = new Map<string, OutlineArg>();
  const needs = new Map<string, ReadonlySet<string>>();
  const namesIn = (word: Word | undefined): Set<string> => {
    const names = new Set<string>();
    const lookup = (name: string) => {
      names.add(name);
      return variables.get(name);
    };
    if (word) expandWord(word, { lookup, escapeToken: file.escapeToken });
    return names;
  };
  for (const instruction of file.globalArgs) {
    for (const definition of instruction.definitions) {
      const name = definition.name.text;
      // One that stands on its own earlier value needs what that needed.
      const before = needs.get(name) ?? [];
      const names = namesIn(definition.defaultValue);
      needs.set(name, names.delete(name) ? new Set([...names, ...before]) : names);
      known.set(name, argOf(instruction, definition, variables.get(name)));
    }
  }
  return {
    known,
    usedBy(words: readonly (Word | undefined)[]): Set<string> {
      const used = new Set(words.flatMap((word) => [...namesIn(word)]));
      // A set that grows while it is walked gives what was added, too.
      for (const name of used) for (const needed of needs.get(name) ?? []) used.add(needed);
      return used;
    },
  };
}

interface StageWants {
  readonly secrets: ReadonlyMap<string, OutlineMount>;
  readonly ssh: ReadonlyMap<string, OutlineMount>;
  /** Its own ARGs, and of those before the first FROM the ones it uses. */
  argsWith(global: ReadonlyMap<string, OutlineArg>): ReadonlyMap<string, OutlineArg>;
}

function* wantsOf(
  commands: readonly StageCommand[],
  context: { scope: StageScope; options: PlanOptions; used: Set<string> },
): Pieces<StageWants> {
  const { scope, options, used } = context;
  const own = new Map<string, OutlineArg>();
  const secrets = new Map<string, OutlineMount>();
  const ssh = new Map<string, OutlineMount>();
  for (const { instruction } of commands) {
    yield;
    const evaluated = scope.evaluate<StageInstruction>(instruction);
    if (instruction.kind === 'arg') {
      for (const definition of instruction.definitions) {
        const name = definition.name.text;
        used.add(name);
        const isOwn = definition.defaultValue || Object.hasOwn(options.buildArgs, name);
        const value = scope.args.get(name);
        if (isOwn || value === undefined) own.set(name, argOf(instruction, definition, value));
      }
    }
    if (evaluated.kind !== 'run') continue;
    for (const mount of evaluated.mounts) {
      const found = { secret: secrets, ssh }[mount.type as string];
      const name = idOf(mount, mount.target ?? '');
      if (!found || found.has(name)) continue;
      found.set(name, { name, required: mount.required, ...linesOf(instruction.range) });
    }
  }
  return {
    secrets,
    ssh,
    argsWith: (global) =>
      new Map(
        [...used].flatMap((name) => {
          const arg = own.get(name) ?? global.get(name);
          return arg ? [[name, arg]] : [];
        }),
      ),
  };
}

/** The target, what it stands on, what those take files from: of one name, the first counts. */
function walkOrder(
  { nodes }: StageList,
  commands: readonly (readonly StageCommand[])[],
  target: number,
): number[] {
  const order = new Set<number>();
  const stack = [target];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (order.has(index)) continue;
    order.add(index);
    const origins = commands[index]!.flatMap(({ origins }) => [...origins.values()]);
    for (const origin of [...origins.reverse(), nodes[index]!.base]) {
      if (origin.kind === 'stage') stack.push(origin.index);
    }
  }
  return [...order];
}

function merged<Entry extends OutlineLines>(
  maps: readonly ReadonlyMap<string, Entry>[],
): readonly Entry[] {
  const entries = new Map<string, Entry>();
  for (const map of maps) {
    for (const [name, entry] of map) if (!entries.has(name)) entries.set(name, entry);
  }
  return [...entries.values()].sort((a, b) => a.line - b.line);
}

function argOf(
  { range }: ArgInstruction,
  { name, description = '' }: ArgDefinition,
  value = '',
): OutlineArg {
  return { name: name.text, description, value, ...linesOf(range) };
}

function descriptionOf({ name = '', from }: Stage): string {
  return descriptionsIn(from.comments).get(name) ?? '';
}

function linesOf({ start, end }: SourceRange): OutlineLines {
  return { line: start.line, endLine: end.line };
}
