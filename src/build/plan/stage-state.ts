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
  /** The variables as a list, until they change. */
  environment: Environment | undefined;
}

/** A stage's state before its first instruction; `parent` is that of the stage it stands on. */
export function stageState(
  context: PlanContext,
  image: ImageDraft,
  parent?: StageState,
): StageState {
  const scope = stageScope({ ...context, environment: image.env, parent: parent?.scope });
  return { context, image, scope, hasCmd: false, environment: undefined };
}

/** The instruction with its variables replaced; ENV and ARG hold from then on. */
export function evaluate<Kind extends StageInstruction>(
  state: StageState,
  instruction: Kind,
): Kind {
  if (instruction.kind === 'env' || instruction.kind === 'arg') state.environment = undefined;
  return state.scope.evaluate(instruction);
}

/** The variables in sight, for a RUN. */
export function environmentOf(state: StageState): Environment {
  state.environment ??= {
    pairs: [...state.scope.variables].map(([name, value]) => `${name}=${value}`),
  };
  return state.environment;
}
