import type {
  BuildArgs,
  Dockerfile,
  GlobalScope,
  StageInstruction,
  StageScope,
} from '../../dockerfile/index.ts';
import { stageScope } from '../../dockerfile/index.ts';
import type { Environment } from './actions.ts';
import type { ImageDraft } from './image-draft.ts';

/** What is the same for all stages. */
export interface PlanContext {
  readonly dockerfile: Dockerfile;
  readonly buildArgs: BuildArgs;
  readonly global: GlobalScope;
  readonly networkMode: 'default' | 'none' | 'host';
  readonly allow: ReadonlySet<string>;
}

/** A stage while its instructions are planned one after the other. */
export interface StageState {
  readonly context: PlanContext;
  readonly image: ImageDraft;
  /** Variables and ARGs in sight. */
  readonly scope: StageScope;
  /** CMD stands in this stage: ENTRYPOINT leaves it alone. */
  hasCmd: boolean;
  /** The variables as they were for the last step that wanted them. */
  environment: StageEnvironment;
  /** Those set since then. */
  readonly changed: Map<string, string>;
}

/** A stage's state before its first instruction; `parent` is that of the stage it stands on. */
export function stageState(
  context: PlanContext,
  image: ImageDraft,
  parent?: StageState,
): StageState {
  const scope = stageScope({ ...context, environment: image.env, parent: parent?.scope });
  const environment = new StageEnvironment(undefined, new Map(scope.variables));
  return { context, image, scope, hasCmd: false, environment, changed: new Map() };
}

/** The instruction with its variables replaced; ENV and ARG hold from then on. */
export function evaluate<Kind extends StageInstruction>(
  state: StageState,
  instruction: Kind,
): Kind {
  const evaluated = state.scope.evaluate(instruction);
  for (const name of namesSet(evaluated)) {
    const value = state.scope.variables.get(name);
    if (value !== undefined) state.changed.set(name, value);
  }
  return evaluated;
}

function namesSet(instruction: StageInstruction): string[] {
  if (instruction.kind === 'env') return instruction.pairs.map(({ key }) => key.text);
  if (instruction.kind === 'arg') return instruction.definitions.map(({ name }) => name.text);
  return [];
}

/** The variables in sight, for a RUN. */
export function environmentOf(state: StageState): Environment {
  if (state.changed.size > 0) {
    state.environment = new StageEnvironment(state.environment, new Map(state.changed));
    state.changed.clear();
  }
  return state.environment;
}

/** Keeps what changed since another one, so that many steps with many variables each take little. */
class StageEnvironment implements Environment {
  readonly #before: StageEnvironment | undefined;
  readonly #changes: ReadonlyMap<string, string>;

  constructor(before: StageEnvironment | undefined, changes: ReadonlyMap<string, string>) {
    this.#before = before;
    this.#changes = changes;
  }

  get pairs(): string[] {
    const changes: ReadonlyMap<string, string>[] = [];
    for (let at: StageEnvironment | undefined = this; at; at = at.#before)
      changes.push(at.#changes);
    const variables = new Map<string, string>();
    for (const some of changes.reverse())
      for (const [name, value] of some) variables.set(name, value);
    return [...variables].map(([name, value]) => `${name}=${value}`);
  }
}
