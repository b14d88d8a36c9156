import {
  formatPlatform,
  formatReference,
  invalid,
  type Pieces,
  type Platform,
  parseReference,
} from '../../core/index.ts';
import {
  type BuildArgs,
  type Dockerfile,
  located,
  parseTrigger,
  type SourceRange,
  type StageInstruction,
  SyntaxFault,
} from '../../dockerfile/index.ts';
import type { BuildStep } from '../builder.ts';
import type { BaseImage } from '../ports.ts';
import type { Action } from './actions.ts';
import { at } from './fault.ts';
import type { StageCommand } from './graph.ts';
import {
  draftFromImage,
  draftFromStage,
  emptyDraft,
  type ImageDraft,
  record,
} from './image-draft.ts';
import { planCopy } from './instructions/copy.ts';
import { applyMetadata } from './instructions/metadata.ts';
import { planRun } from './instructions/run.ts';
import { planWorkdir } from './instructions/workdir.ts';
import { workingDirectory } from './paths.ts';
import { readStages } from './read-stages.ts';
import { evaluate, type PlanContext, type StageState, stageState } from './stage-state.ts';
import type { NamedContexts, Origin, StageList } from './stages.ts';
import { hasTitle, stepText, stepTitle, titleCounter } from './step-titles.ts';

export interface PlanOptions {
  readonly buildArgs: BuildArgs;
  readonly target?: string;
  readonly platform: Platform;
  readonly native: Platform;
  readonly contexts: NamedContexts;
  readonly networkMode: PlanContext['networkMode'];
  readonly allow: readonly string[];
}

export interface Plan {
  /** Those the target needs, by their index in the file. */
  readonly stages: ReadonlyMap<number, PlannedStage>;
  readonly target: PlannedStage;
  readonly steps: readonly BuildStep[];
  /** The images the stages stand on or take files from, by imageKey. */
  readonly images: ReadonlyMap<string, BaseImage>;
}

export interface PlannedStage {
  readonly index: number;
  readonly name: string;
  readonly base: Origin;
  /** The first is the FROM. */
  readonly steps: readonly PlannedStep[];
  /** The image's configuration after the last step. */
  readonly image: ImageDraft;
}

export interface PlannedStep {
  readonly step: BuildStep;
  readonly action: Action;
}

/** An image that has to be found before the plan can be made. */
export interface ImageNeed {
  readonly key: string;
  readonly name: string;
  readonly platform: Platform;
  /** The first instruction that wants it. */
  readonly place: SourceRange;
}

export type PlanResult =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'needs'; readonly needs: readonly ImageNeed[] };

/** The name under which the plan looks for an image. */
export function imageKey({ name, platform }: { name: string; platform: Platform }): string {
  return `${name}|${formatPlatform(platform)}`;
}

/**
 * What has to be done to build the target: a pure function of the Dockerfile, the options and the
 * images it stands on. As long as some of those are missing, it names them. Throws `invalid` with
 * the place in the Dockerfile. In pieces, as a file may have a hundred thousand lines.
 */
export function* planningBuild(
  file: Dockerfile,
  options: PlanOptions,
  images: ReadonlyMap<string, BaseImage>,
): Pieces<PlanResult> {
  try {
    return yield* planOrNeeds(file, options, images);
  } catch (error) {
    throw located(file, error);
  }
}

function* planOrNeeds(
  file: Dockerfile,
  options: PlanOptions,
  images: ReadonlyMap<string, BaseImage>,
): Pieces<PlanResult> {
  const read = yield* readStages(file, options, (stages, index) =>
    triggersOf(stages, index, { dockerfile: file, images }),
  );
  const { global, list, target, commands, needed } = read;
  yield;
  const needs = missingImages(list, needed, { commands, images });
  if (needs.length > 0) return { kind: 'needs', needs };
  const context: PlanContext = {
    dockerfile: file,
    buildArgs: options.buildArgs,
    global,
    networkMode: options.networkMode,
    allow: new Set(options.allow),
  };
  const material = { list, needed, commands, images, context, target };
  return { kind: 'plan', plan: yield* planStages(material) };
}

/** ONBUILD triggers of what a stage stands on, as far as that is known yet. */
function triggersOf(
  { nodes }: StageList,
  index: number,
  { dockerfile, images }: { dockerfile: Dockerfile; images: Plan['images'] },
): StageInstruction[] {
  const { base, stage } = nodes[index]!;
  const { from } = stage;
  if (base.kind === 'stage') {
    const parent = nodes[base.index]!.stage.instructions;
    return parent.flatMap((instruction) =>
      instruction.kind === 'onbuild' ? [instruction.trigger] : [],
    );
  }
  if (base.kind !== 'image') return [];
  const triggers = images.get(imageKey(base))?.config.config?.OnBuild ?? [];
  return triggers.map((expression) => parseTrigger(expression, { dockerfile, from }));
}

function missingImages(
  { nodes }: StageList,
  needed: readonly number[],
  { commands, images }: { commands: readonly StageCommand[][]; images: Plan['images'] },
): ImageNeed[] {
  const missing = new Map<string, ImageNeed>();
  const look = (origin: Origin, place: SourceRange): void => {
    if (origin.kind !== 'image') return;
    const key = imageKey(origin);
    if (images.has(key) || missing.has(key)) return;
    missing.set(key, { key, name: origin.name, platform: origin.platform, place });
  };
  for (const index of needed) {
    const { base, stage } = nodes[index]!;
    look(base, stage.from.range);
    for (const { origins, instruction } of commands[index]!) {
      for (const origin of origins.values()) look(origin, instruction.range);
    }
  }
  return [...missing.values()];
}

/** Entries of histories that all stages together may inherit: beyond any use, and still quick. */
const mostInherited = 2_000_000;
/**
 * Characters of all entries together: each RUN's names every ARG it can see, and a configuration may
 * have a quarter of this.
 */
const mostHistory = 16 * 2 ** 20;

interface Material {
  readonly list: StageList;
  readonly needed: readonly number[];
  readonly commands: readonly (readonly StageCommand[])[];
  readonly images: ReadonlyMap<string, BaseImage>;
  readonly context: PlanContext;
  readonly target: number;
}

function* planStages(material: Material): Pieces<Plan> {
  const states = new Map<number, StageState>();
  let inherited = 0;
  const stages = new Map<number, PlannedStage>();
  const steps: BuildStep[] = [];
  for (const index of material.needed) {
    const state = initialState(material, index, states);
    inherited += state.image.history.length;
    if (inherited > mostInherited) {
      throw invalid(`plan stages: they inherit more than ${mostInherited} entries of the history`);
    }
    states.set(index, state);
    const planned = yield* planStage(material, { index, state, steps });
    stages.set(index, planned);
  }
  return { stages, target: stages.get(material.target)!, steps, images: material.images };
}

function initialState(
  { list, images, context }: Material,
  index: number,
  states: ReadonlyMap<number, StageState>,
): StageState {
  const { base, platform } = list.nodes[index]!;
  if (base.kind === 'stage') {
    const parent = states.get(base.index)!;
    return stageState(context, draftFromStage(parent.image), parent);
  }
  const draft =
    base.kind === 'image'
      ? draftFromImage(images.get(imageKey(base))!.config)
      : emptyDraft(platform);
  if (draft.config.WorkingDir) {
    draft.config.WorkingDir = workingDirectory(undefined, draft.config.WorkingDir);
  }
  return stageState(context, draft);
}

function* planStage(
  { list, commands, images }: Material,
  { index, state, steps }: { index: number; state: StageState; steps: BuildStep[] },
): Pieces<PlannedStage> {
  const { base, displayName, stage } = list.nodes[index]!;
  const mine = commands[index]!;
  const showsFrom = base.kind === 'image' || base.kind === 'context';
  const shown = mine.filter(({ instruction }) => hasTitle(instruction)).length;
  const nextTitle = titleCounter(
    list.nodes.length === 1 ? '' : displayName,
    shown + (showsFrom ? 1 : 0),
  );
  const planned: PlannedStep[] = [];
  const add = (action: Action, step: Omit<BuildStep, 'number' | 'stage' | 'stageIndex'>): void => {
    const numbered = { number: steps.length + 1, stage: displayName, stageIndex: index, ...step };
    steps.push(numbered);
    planned.push({ step: numbered, action });
  };
  const lines = { line: stage.from.range.start.line, endLine: stage.from.range.end.line };
  add(
    { kind: 'from' },
    {
      text: stepText(stage.from),
      ...(showsFrom && { title: `${nextTitle()}FROM ${originTitle(base, images)}` }),
      ...lines,
    },
  );
  if (base.kind === 'context') {
    record(state.image, { createdBy: `FROM ${base.name}`, step: steps.length, withLayer: true });
  }
  for (const command of mine) {
    yield;
    const { instruction, isTrigger } = command;
    const { range } = instruction;
    const prefix = isTrigger ? 'ONBUILD ' : '';
    const title = hasTitle(instruction)
      ? `${nextTitle()}${prefix}${stepTitle(state, instruction)}`
      : undefined;
    const action = at(instruction, () =>
      planInstruction(state, command, { list, index, step: steps.length + 1 }),
    );
    add(action, {
      text: prefix + stepText(instruction),
      ...(title !== undefined && { title }),
      line: range.start.line,
      endLine: range.end.line,
    });
  }
  return { index, name: displayName, base, steps: planned, image: state.image };
}

function originTitle(origin: Origin, images: Plan['images']): string {
  if (origin.kind === 'context') return origin.name;
  if (origin.kind !== 'image') return origin.kind;
  const digest = images.get(imageKey(origin))?.digest;
  const name = formatReference(parseReference(origin.name));
  return digest && !name.includes('@') ? `${name}@${digest}` : name;
}

function planInstruction(
  state: StageState,
  { instruction, origins }: StageCommand,
  { list, index, step }: { list: StageList; index: number; step: number },
): Action {
  for (const origin of origins.values()) checkOrder(list, index, origin);
  const noted = (planned: { action: Action; history: string | undefined }): Action => {
    const { action, history } = planned;
    const withLayer = action.kind !== 'config';
    if (history === undefined) return action;
    countHistory(state, history);
    record(state.image, { createdBy: history, step, withLayer });
    return action;
  };
  const evaluated = evaluate(state, instruction);
  switch (evaluated.kind) {
    case 'run':
      return noted(planRun(state, evaluated, origins));
    case 'copy':
    case 'add':
      return noted(planCopy(state, evaluated, origins));
    case 'workdir':
      return noted(planWorkdir(state, evaluated));
    default:
      return noted({ action: { kind: 'config' }, history: applyMetadata(state, evaluated) });
  }
}

function countHistory({ context }: StageState, entry: string): void {
  const count = (histories.get(context) ?? 0) + entry.length;
  if (count > mostHistory) {
    throw invalid(`plan stages: their history has more than ${mostHistory} characters`);
  }
  histories.set(context, count);
}

const histories = new WeakMap<PlanContext, number>();

function checkOrder({ nodes }: StageList, index: number, origin: Origin): void {
  if (origin.kind !== 'stage' || origin.index < index) return;
  const from = JSON.stringify(nodes[origin.index]!.displayName);
  const here = JSON.stringify(nodes[index]!.displayName);
  throw new SyntaxFault(
    `cannot copy from stage ${from}, it needs to be defined before current stage ${here}`,
  );
}
