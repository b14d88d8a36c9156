import { posix } from 'node:path';
import type {
  ArgInstruction,
  FromInstruction,
  Instruction,
  RunInstruction,
  StageInstruction,
  TriggerInstruction,
} from '../instruction.ts';
import type { Dockerfile, Stage } from '../parse.ts';
import type { LintBaseImage } from './base-image-facts.ts';
import { baseImageNames } from './base-image-names.ts';
import { knownImage } from './known-images.ts';
import type { LintOptions } from './lint-options.ts';
import type { Pragmas } from './pragma.ts';
import { runScripts } from './shell/run-scripts.ts';
import type { ShellScript, SimpleCommand } from './shell/shell-script.ts';
import { hasPipefail, type ShellState, shellNamed, shellOf } from './shell/shell-state.ts';
import { type Variables, variablesOver } from './variables.ts';

/** A RUN that a POSIX shell executes, or that needs none. */
export interface LintedRun {
  readonly instruction: RunInstruction;
  /** The RUN itself, or the ONBUILD around it. */
  readonly place: Instruction;
  readonly shell: ShellState;
  /** Empty when the shell is not POSIX. */
  readonly scripts: readonly ShellScript[];
  readonly commands: readonly SimpleCommand[];
  /** The `|` whose left side may fail unnoticed. */
  readonly pipes: number;
  /** Names of the variables set by ARG and ENV so far, nearest last. */
  readonly variables: Variables;
}

/** An instruction as rules see it: of an ONBUILD, its trigger too. */
export interface LintedInstruction {
  /** Its place in the stage, from 0. */
  readonly index: number;
  readonly instruction: StageInstruction | TriggerInstruction;
  readonly place: Instruction;
  readonly isTrigger: boolean;
  /** Of a RUN. */
  readonly run: LintedRun | undefined;
  /** Whether an absolute or any WORKDIR came before, in this stage or those it is built from. */
  readonly hasWorkdir: boolean;
  /** The working directory here, when this file alone says which. */
  readonly workdir: string | undefined;
  /** What the last USER before says, here, in a parent stage or in the base image. */
  readonly user: string | undefined;
  /** What ARG and ENV set before. */
  readonly variables: Variables;
}

/** A stage with all that it has from the one it is built from. */
export interface LintedStage {
  readonly index: number;
  readonly name: string | undefined;
  /** Undefined of a snippet, and of what stands before the first FROM. */
  readonly from: FromInstruction | undefined;
  readonly parent: LintedStage | undefined;
  /** What is known of the image the stage, or the first it is built from, begins with. */
  readonly base: LintBaseImage | undefined;
  readonly instructions: readonly LintedInstruction[];
  readonly hasWorkdir: boolean;
  readonly workdir: string | undefined;
  readonly user: string | undefined;
  readonly shell: ShellState;
  readonly variables: Variables;
}

/** A Dockerfile made ready for rules in one walk. */
export interface LintedFile {
  readonly dockerfile: Dockerfile;
  readonly globalArgs: readonly ArgInstruction[];
  /** What stands before the first FROM is a stage without one; it comes first. */
  readonly stages: readonly LintedStage[];
  /** The stages that others are built from. */
  readonly parents: ReadonlySet<LintedStage>;
  /** The stage another refers to by name or number, seen from stage `before`. */
  stageBefore(reference: string, before: LintedStage): LintedStage | undefined;
}

/** Reads every RUN and works out what each stage inherits. */
export function lintedFile(
  dockerfile: Dockerfile,
  options: LintOptions,
  pragmas: Pragmas,
): LintedFile {
  const stages: LintedStage[] = [];
  const named = new Map<string, LintedStage>();
  const nameOf = baseImageNames(dockerfile, options.buildArgs);
  const firstFrom = dockerfile.stages[0]?.from.range.start.line ?? 0;
  const isGlobal = ({ line }: { line: number }): boolean => line < firstFrom;
  const globalShell = pragmas.shells.findLast(isGlobal)?.shell;
  const context = { dockerfile, shells: pragmas.shells.filter((pragma) => !isGlobal(pragma)) };
  const { orphans, globalArgs } = dockerfile;
  if (orphans.length > 0) {
    const instructions = dockerfile.instructions.slice(0, globalArgs.length + orphans.length);
    const start = startOf(undefined, { base: undefined, dockerfile, globalShell });
    stages.push(walkStage({ from: undefined, index: -1, instructions }, start, context));
  }
  for (const stage of dockerfile.stages) {
    const name = nameOf(stage.from);
    const parent = named.get(name.toLowerCase());
    const base = parent ? parent.base : baseImage(name, options);
    const linted = walkStage(stage, startOf(parent, { base, dockerfile, globalShell }), context);
    stages.push(linted);
    if (stage.name !== undefined) named.set(stage.name, linted);
  }
  const first = stages[0]?.index ?? 0;
  const byNumber = (reference: string): LintedStage | undefined =>
    /^\d{1,6}$/.test(reference) ? stages[Number(reference) - first] : undefined;
  const names = stageNames(stages);
  const stageBefore = (reference: string, before: LintedStage): LintedStage | undefined => {
    const found = names.get(reference.toLowerCase()) ?? byNumber(reference);
    return found && found.index < before.index ? found : undefined;
  };
  const parents = new Set(stages.flatMap(({ parent }) => parent ?? []));
  return { dockerfile, globalArgs, stages, parents, stageBefore };
}

/** What is known by the image's name, and over it what was found in the image itself. */
function baseImage(name: string, { baseImages }: LintOptions): LintBaseImage | undefined {
  const known = knownImage(name);
  const found = baseImages.get(name);
  return known || found ? { ...known, ...found } : undefined;
}

function stageNames(stages: readonly LintedStage[]): Map<string, LintedStage> {
  const names = new Map<string, LintedStage>();
  for (const stage of stages) {
    if (stage.name !== undefined && !names.has(stage.name)) names.set(stage.name, stage);
  }
  return names;
}

type StageStart = Pick<
  LintedStage,
  'parent' | 'base' | 'hasWorkdir' | 'workdir' | 'user' | 'shell' | 'variables'
>;

function startOf(
  parent: LintedStage | undefined,
  {
    base,
    dockerfile,
    globalShell,
  }: { base: LintBaseImage | undefined; dockerfile: Dockerfile; globalShell: string | undefined },
): StageStart {
  // Who escapes with a backquote does it for the paths of Windows.
  const platformShell = dockerfile.escapeToken === '`' ? shellNamed('cmd') : shellOf();
  const named = globalShell === undefined ? platformShell : shellNamed(globalShell);
  const shell = base?.shell?.length ? shellOf(base.shell) : named;
  return {
    parent,
    base,
    workdir: parent?.workdir,
    user: parent ? parent.user : base?.user,
    hasWorkdir: parent?.hasWorkdir ?? !['', '/'].includes(base?.workdir ?? ''),
    shell: parent?.shell ?? shell,
    variables: variablesOver(parent?.variables),
  };
}

interface WalkContext {
  readonly dockerfile: Dockerfile;
  /** Shells named by pragmas below the first FROM, by the line of the pragma, not yet passed. */
  readonly shells: { readonly line: number; readonly shell: string }[];
}

type WalkedStage = Pick<Stage, 'index'> & {
  readonly name?: string | undefined;
  readonly from: FromInstruction | undefined;
  readonly instructions: readonly Instruction[];
};

function walkStage(stage: WalkedStage, start: StageStart, context: WalkContext): LintedStage {
  const { dockerfile, shells } = context;
  const { variables, parent, base } = start;
  let { hasWorkdir, workdir, user, shell } = start;
  const instructions: LintedInstruction[] = [];
  for (const place of stage.instructions) {
    while (shells[0] && shells[0].line < place.range.start.line) {
      shell = shellNamed(shells.shift()!.shell);
    }
    const isTrigger = place.kind === 'onbuild';
    const instruction = (isTrigger ? place.trigger : place) as StageInstruction;
    const run =
      instruction.kind === 'run'
        ? lintedRun({ instruction, place, shell, variables }, dockerfile)
        : undefined;
    instructions.push({
      index: instructions.length,
      instruction,
      place,
      isTrigger,
      run,
      hasWorkdir,
      workdir,
      user,
      variables: variables.copy(),
    });
    if (isTrigger) continue;
    if (instruction.kind === 'workdir') {
      hasWorkdir = true;
      workdir = joinedPath(workdir, instruction.path.text);
    } else if (instruction.kind === 'user') user = instruction.user.text;
    else if (instruction.kind === 'shell') shell = shellOf(instruction.words.map((w) => w.text));
    else variables.set(instruction);
  }
  const { index, name, from } = stage;
  const end = { hasWorkdir, workdir, user, shell, variables };
  return { index, name, from, parent, base, instructions, ...end };
}

/** A longer path is none that a kernel takes. */
const longestPath = 4096;

/** Where WORKDIR leads from a folder, if both are plain paths. */
function joinedPath(from: string | undefined, path: string): string | undefined {
  const length = path.length + (from?.length ?? 0);
  if (length > longestPath || !/^[\w./-]+$/.test(path)) return undefined;
  if (path.startsWith('/')) return posix.normalize(path);
  return from === undefined ? undefined : posix.join(from, path);
}

function lintedRun(
  found: Pick<LintedRun, 'instruction' | 'place' | 'shell' | 'variables'>,
  dockerfile: Dockerfile,
): LintedRun {
  const needsShell = found.instruction.command.form === 'shell';
  const scripts =
    needsShell && !found.shell.isPosix ? [] : runScripts(found.instruction, dockerfile);
  const words = found.instruction.command.words.map(({ text }) => text);
  const shell = needsShell || scripts.length < 2 ? found.shell : shellOf(words);
  const [only] = scripts;
  const commands = scripts.length === 1 ? only!.commands : scripts.flatMap((s) => s.commands);
  const pipes = scripts.reduce((sum, script) => {
    const own = script.shell ? shellOf(script.shell) : shell;
    return script.pipes === 0 || hasPipefail(own, script) ? sum : sum + script.pipes;
  }, 0);
  return { ...found, shell, variables: found.variables.copy(), scripts, commands, pipes };
}
