import { errorMessage, invalid, type Platform, parseReference } from '../../core/index.ts';
import {
  type Dockerfile,
  type GlobalScope,
  type Instruction,
  type Mount,
  nearest,
  type Stage,
  type StageInstruction,
  SyntaxFault,
} from '../../dockerfile/index.ts';
import { at } from './fault.ts';

/** What a stage stands on, or what files are taken from. */
export type Origin =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  /** An image by its name as written, for a platform. */
  | { readonly kind: 'image'; readonly name: string; readonly platform: Platform }
  /** A named context of files. */
  | { readonly kind: 'context'; readonly name: string };

/** A stage with its FROM understood; `origins` are those its COPY and RUN take files from. */
export interface StageNode {
  readonly stage: Stage;
  /** Name or `stage-<index>`. */
  readonly displayName: string;
  readonly base: Origin;
  readonly platform: Platform;
  /** A named context stands for the whole stage: its instructions do not count. */
  readonly replaced: boolean;
}

/** Contexts given by name: of files, or an image that stands for the name. */
export type NamedContexts = ReadonlyMap<string, 'files' | { readonly image: string }>;

/** The stages of a file; of several with one name, the last has it. */
export interface StageList {
  readonly nodes: readonly StageNode[];
  readonly byName: ReadonlyMap<string, number>;
}

/** Understands each FROM. Throws `invalid` or a fault. */
export function stageList(
  file: Dockerfile,
  scope: GlobalScope,
  options: { platform: Platform; contexts: NamedContexts },
): StageList {
  const byName = new Map<string, number>();
  const nodes = file.stages.map((stage): StageNode => {
    const { from, index } = stage;
    const expanded = scope.expandFrom(from);
    const platform = expanded.platform ?? options.platform;
    const replacement = contextOrigin(stage.name, { ...options, platform });
    const base = replacement ?? baseOrigin(expanded.image.text, { ...options, byName, platform });
    at(from.image, () => checkReference(base));
    if (stage.name !== undefined) byName.set(stage.name, index);
    const displayName = stage.name ?? `stage-${index}`;
    return { stage, displayName, base, platform, replaced: replacement !== undefined };
  });
  return { nodes, byName };
}

interface OriginOptions {
  readonly contexts: NamedContexts;
  readonly platform: Platform;
}

/** What a named context puts in place of a name. */
function contextOrigin(
  name: string | undefined,
  { contexts, platform }: OriginOptions,
): Origin | undefined {
  if (name === undefined || name === 'scratch' || name === 'context') return undefined;
  const context = contexts.get(name) ?? contexts.get(name.toLowerCase());
  if (context === undefined) return undefined;
  return context === 'files'
    ? { kind: 'context', name }
    : { kind: 'image', name: context.image, platform };
}

function baseOrigin(
  name: string,
  options: OriginOptions & { byName: ReadonlyMap<string, number> },
): Origin {
  const index = options.byName.get(name.toLowerCase());
  if (index !== undefined) return { kind: 'stage', index };
  if (name === 'scratch') return { kind: 'scratch' };
  return contextOrigin(name, options) ?? { kind: 'image', name, platform: options.platform };
}

/** Throws `invalid` for an image that cannot have its name, in BuildKit's words. */
function checkReference(origin: Origin): void {
  if (origin.kind !== 'image') return;
  try {
    parseReference(origin.name);
  } catch (error) {
    const name = JSON.stringify(origin.name);
    throw invalid(`failed to parse stage name ${name}: ${errorMessage(error)}`);
  }
}

/** What `--from` of COPY or of a mount names. Throws `invalid` or a fault. */
export function fromOrigin(
  { nodes, byName }: StageList,
  from: string,
  options: OriginOptions & { indexesAllowed: boolean },
): Origin {
  if (options.indexesAllowed && /^[+-]?\d+$/.test(from)) {
    const index = Number(from);
    if (index < 0 || index >= nodes.length) throw new SyntaxFault(`invalid stage index ${index}`);
    return { kind: 'stage', index };
  }
  const index = byName.get(from.toLowerCase());
  if (index !== undefined) return { kind: 'stage', index };
  if (from === 'scratch') return { kind: 'scratch' };
  const found = contextOrigin(from, options);
  if (found) return found;
  const image: Origin = { kind: 'image', name: from, platform: options.platform };
  checkReference(image);
  return image;
}

/** The name after `--from` of each place an instruction takes files from. */
export function fromNames(
  instruction: Instruction | StageInstruction,
): { name: string; indexesAllowed: boolean }[] {
  if (instruction.kind === 'copy') {
    return instruction.from ? [{ name: instruction.from.text, indexesAllowed: true }] : [];
  }
  if (instruction.kind !== 'run') return [];
  return instruction.mounts
    .filter((mount): mount is Mount & { from: string } => Boolean(mount.from) && takesFiles(mount))
    .map(({ from }) => ({ name: from, indexesAllowed: false }));
}

function takesFiles({ type }: Mount): boolean {
  return type === 'bind' || type === 'cache';
}

/** The index of the stage `--target` names, by name or number; the last without. Throws a fault. */
export function targetIndex({ nodes, byName }: StageList, target: string | undefined): number {
  if (target === undefined || target === '') return nodes.length - 1;
  const index = byName.get(target.toLowerCase());
  if (index !== undefined) return index;
  if (/^\d+$/.test(target) && Number(target) < nodes.length) return Number(target);
  const names = nodes.map(({ displayName }) => displayName);
  const suggestion = nearest(target, names, { ignoreCase: true });
  throw new SyntaxFault(
    `target stage ${JSON.stringify(target)} could not be found`,
    undefined,
    suggestion,
  );
}
