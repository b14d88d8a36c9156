import { type EscapeToken, type ExpandOptions, expand, type Word } from '../../dockerfile/index.ts';
import type { Environment } from './actions.ts';
import type { BuildArgs } from './arguments.ts';
import type { ImageDraft } from './image-draft.ts';

/** What is the same for all stages. */
export interface PlanContext {
  readonly buildArgs: BuildArgs;
  readonly globalScope: ReadonlyMap<string, string>;
  readonly escapeToken: EscapeToken;
  readonly networkMode: 'default' | 'none' | 'host';
  readonly allow: ReadonlySet<string>;
}

/** A stage while its instructions are planned one after the other. */
export interface StageState {
  readonly context: PlanContext;
  readonly displayName: string;
  readonly image: ImageDraft;
  /** Variables in sight: the image's environment and the ARGs so far. */
  readonly scope: Map<string, string>;
  /** ARGs so far, as RUN's history names them. */
  readonly args: Map<string, string>;
  /** CMD stands in this stage: ENTRYPOINT leaves it alone. */
  hasCmd: boolean;
  /** `scope` as a list, until it changes. */
  environment: Environment | undefined;
}

/** A stage's state before its first instruction; `parent` is that of the stage it stands on. */
export function stageState(
  context: PlanContext,
  image: ImageDraft,
  { displayName, parent }: { displayName: string; parent?: StageState },
): StageState {
  return {
    context,
    displayName,
    image,
    scope: new Map(parent ? parent.scope : image.env),
    args: new Map(parent?.args),
    hasCmd: false,
    environment: undefined,
  };
}

/** Sets a variable in sight. */
export function setVariable(state: StageState, name: string, value: string): void {
  state.scope.set(name, value);
  state.environment = undefined;
}

/** The variables in sight, for a RUN. */
export function environmentOf(state: StageState): Environment {
  state.environment ??= { pairs: [...state.scope].map(([name, value]) => `${name}=${value}`) };
  return state.environment;
}

/** Replaces the variables in a word. */
export function expandIn(state: StageState, word: Word | string, options?: ExpandOptions): string {
  const text = typeof word === 'string' ? word : word.text;
  return expand(text, (name) => state.scope.get(name), {
    escapeToken: state.context.escapeToken,
    ...options,
  });
}
