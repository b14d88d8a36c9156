import { errorMessage, parseReference, quoted } from '../../core/index.ts';
import type { GlobalScope } from '../global-scope.ts';
import type { StageInstruction } from '../instruction.ts';
import { type Dockerfile, parseTrigger, type Stage } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { type StageScope, stageScope } from '../stage-scope.ts';
import { nearest } from '../suggest.ts';
import { locate, SyntaxFault } from '../syntax-error.ts';
import type { InstructionVisit, Place, StageProgress, UnsetVariable } from './check.ts';
import { type CheckInput, targetPlatformOf } from './check-input.ts';

/** A stage after its last instruction. */
interface FinishedStage {
  readonly scope: StageScope;
  readonly progress: StageProgress;
  readonly knowsBase: boolean;
  readonly triggers: readonly string[];
}

/** The instructions that only their last occurrence in a stage counts of. */
const onlyLast = new Set(['cmd', 'entrypoint', 'healthcheck']);

/**
 * Evaluates all instructions in order and gives each to the checks as it is then, the ONBUILD
 * triggers of a base first. Throws `invalid` where a build would stop.
 */
export function* stageVisits(
  dockerfile: Dockerfile,
  global: GlobalScope,
  input: CheckInput,
): Generator<InstructionVisit> {
  const finished = new Map<string, FinishedStage>();
  for (const stage of dockerfile.stages) {
    if (input.stages && !input.stages.has(stage.index)) continue;
    const from = global.expandFrom(stage.from);
    const { text } = from.image;
    const base = finished.get(text) ?? baseOf(from, { dockerfile, global, input });
    const scope = stageScope({
      dockerfile,
      global,
      buildArgs: input.buildArgs,
      parent: base.scope,
    });
    const progress = { ...base.progress };
    const state = { dockerfile, stage, base, scope, progress };
    yield* visitsOf(state, input);
    if (stage.name === undefined) continue;
    const triggers = stage.instructions.flatMap((instruction) =>
      instruction.kind === 'onbuild' ? [instruction.expression] : [],
    );
    finished.set(stage.name, { scope, progress, knowsBase: base.knowsBase, triggers });
  }
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function baseOf(
  { image: { text: image, range }, platform }: ReturnType<GlobalScope['expandFrom']>,
  context: { dockerfile: Dockerfile; global: GlobalScope; input: CheckInput },
): FinishedStage {
  const { dockerfile, global, input } = context;
  locate(dockerfile, () => {
    if (image !== 'scratch') checkReference(image, range);
  });
  const facts = input.baseImages?.get(image, platform ?? targetPlatformOf(input));
  const environment = new Map([['PATH', defaultPath], ...(facts?.environment ?? [])]);
  return {
    scope: stageScope({ dockerfile, global, environment }),
    progress: { hasShell: facts?.hasShell ?? false, hasWorkdir: false },
    knowsBase: facts !== undefined || image === 'scratch',
    triggers: facts?.triggers ?? [],
  };
}

function checkReference(image: string, range: SourceRange): void {
  try {
    parseReference(image);
  } catch (error) {
    const reason = errorMessage(error);
    throw new SyntaxFault(`failed to parse stage name ${quoted(image)}: ${reason}`, range);
  }
}

interface StageState {
  readonly dockerfile: Dockerfile;
  readonly stage: Stage;
  readonly base: FinishedStage;
  readonly scope: StageScope;
  readonly progress: StageProgress;
}

function* visitsOf(state: StageState, input: CheckInput): Generator<InstructionVisit> {
  const { stage, base, scope, progress } = state;
  const last = new Map<string, Place>();
  for (const { instruction, place } of [...triggered(state), ...own(stage)]) {
    const unset: UnsetVariable[] = [];
    const expanded = scope.evaluate(instruction, (name, word) => {
      unset.push({ name, word, suggestion: nearest(name, scope.variables.keys()) });
    });
    const { kind } = instruction;
    yield {
      stage,
      instruction: expanded,
      place,
      progress,
      overridden: last.get(kind),
      unset,
      knowsBase: base.knowsBase,
      ignore: input.ignore,
    };
    if (onlyLast.has(kind)) last.set(kind, place);
    if (kind === 'shell') progress.hasShell = true;
    if (kind === 'workdir') progress.hasWorkdir = true;
  }
}

interface Placed {
  readonly instruction: StageInstruction;
  readonly place: Place;
}

function own(stage: Stage): Placed[] {
  return stage.instructions.map((instruction) => ({ instruction, place: instruction }));
}

function triggered({ dockerfile, stage, base }: StageState): Placed[] {
  const { from } = stage;
  return base.triggers.map((expression) => ({
    instruction: parseTrigger(expression, { dockerfile, from }),
    place: from,
  }));
}
