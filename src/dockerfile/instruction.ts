import type { Flag } from './command-text.ts';
import type { Heredoc } from './heredoc.ts';
import type { SourceRange } from './position.ts';
import type { Device } from './run-device.ts';
import type { Mount } from './run-mount.ts';
import type { Word } from './word.ts';

interface Base<Kind extends string> {
  readonly kind: Kind;
  /** The instruction's name as written. */
  readonly keyword: Word;
  /** The whole instruction, here-documents included. */
  readonly range: SourceRange;
  /** Its text in the file, line breaks and comments between its lines included. */
  readonly source: string;
  /** Its logical line: continuations joined, here-document bodies left out. */
  readonly code: string;
  /** All after the name and the flags, on the logical line. */
  readonly args: Word;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
  /** The comment lines right above it, without their `#`. */
  readonly comments: readonly string[];
}

/** A command in one of its two forms. */
export interface CommandLine {
  /** `shell`: one word for the shell, or none. `exec`: the strings of the JSON array. */
  readonly form: 'shell' | 'exec';
  readonly words: readonly Word[];
}

export interface KeyValue {
  readonly key: Word;
  readonly value: Word;
  /** Written as `KEY value`, without `=`. */
  readonly legacy: boolean;
}

/** `FROM [--platform=] image [AS name]`. Image and platform are replaced from global ARGs. */
export interface FromInstruction extends Base<'from'> {
  readonly image: Word;
  readonly platform: Word | undefined;
  /** The `AS` as written. */
  readonly asKeyword: Word | undefined;
  /** The stage's name as written; stages are known by its lower case. */
  readonly name: Word | undefined;
}

export interface ArgDefinition {
  readonly name: Word;
  readonly defaultValue: Word | undefined;
  /** From the comment above that begins with the name. */
  readonly description: string | undefined;
}

/** `ARG name[=default] …`. Defaults are replaced, one after the other. */
export interface ArgInstruction extends Base<'arg'> {
  readonly definitions: readonly ArgDefinition[];
}

/** `ENV key=value …` or `ENV key value`. Keys and values are replaced. */
export interface EnvInstruction extends Base<'env'> {
  readonly pairs: readonly KeyValue[];
}

/** `LABEL key=value …` or `LABEL key value`. Keys and values are replaced. */
export interface LabelInstruction extends Base<'label'> {
  readonly pairs: readonly KeyValue[];
}

/** `RUN`. Nothing in the command is replaced, only the options of its mounts. */
export interface RunInstruction extends Base<'run'> {
  readonly command: CommandLine;
  readonly mounts: readonly Mount[];
  readonly network: 'default' | 'none' | 'host';
  readonly security: 'sandbox' | 'insecure';
  readonly devices: readonly Device[];
}

/** `CMD`. Nothing is replaced. */
export interface CmdInstruction extends Base<'cmd'> {
  readonly command: CommandLine;
}

/** `ENTRYPOINT`. Nothing is replaced. */
export interface EntrypointInstruction extends Base<'entrypoint'> {
  readonly command: CommandLine;
}

/** `SHELL`, in exec form only. Nothing is replaced. */
export interface ShellInstruction extends Base<'shell'> {
  readonly words: readonly Word[];
}

interface CopyBase<Kind extends string> extends Base<Kind> {
  /** Sources that are paths or addresses, here-documents left out. */
  readonly sources: readonly Word[];
  /** Sources that stand in the Dockerfile itself, in their order. */
  readonly inlineSources: readonly Heredoc[];
  readonly destination: Word;
  /** Whether the arguments were a JSON array. */
  readonly json: boolean;
  readonly chown: Word | undefined;
  readonly chmod: Word | undefined;
  readonly link: boolean;
  readonly excludes: readonly Word[];
}

/** `COPY`. Sources, destination, chown, chmod and unquoted here-documents are replaced. */
export interface CopyInstruction extends CopyBase<'copy'> {
  /** A stage, its number, an image or a named context; never a variable. */
  readonly from: Word | undefined;
  readonly parents: boolean;
}

/** `ADD`. As COPY, and the checksum is replaced too. */
export interface AddInstruction extends CopyBase<'add'> {
  readonly checksum: Word | undefined;
  /** Undefined leaves it to the source: a git address may ask for it. */
  readonly keepGitDir: boolean | undefined;
  /** Undefined unpacks local archives and nothing else. */
  readonly unpack: boolean | undefined;
}

/** `EXPOSE`. Each port is replaced and may then be several. */
export interface ExposeInstruction extends Base<'expose'> {
  readonly ports: readonly Word[];
}

/** `USER`. Replaced. */
export interface UserInstruction extends Base<'user'> {
  readonly user: Word;
}

/** `WORKDIR`. Replaced. */
export interface WorkdirInstruction extends Base<'workdir'> {
  readonly path: Word;
}

/** `VOLUME`. Paths are replaced. */
export interface VolumeInstruction extends Base<'volume'> {
  readonly paths: readonly Word[];
  readonly json: boolean;
}

/** `STOPSIGNAL`. Replaced. */
export interface StopsignalInstruction extends Base<'stopsignal'> {
  readonly signal: Word;
}

/** `MAINTAINER`. Nothing is replaced. */
export interface MaintainerInstruction extends Base<'maintainer'> {
  readonly author: Word;
}

/** `HEALTHCHECK`. Nothing is replaced. */
export interface HealthcheckInstruction extends Base<'healthcheck'> {
  /** `none` switches off the check of the base image. */
  readonly type: 'none' | 'cmd';
  readonly command: CommandLine;
  /** Undefined or 0 leaves the engine's default. */
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly startPeriodMs: number | undefined;
  readonly startIntervalMs: number | undefined;
  readonly retries: number | undefined;
}

/** `ONBUILD`. Nothing is replaced until the trigger runs in a child image. */
export interface OnbuildInstruction extends Base<'onbuild'> {
  readonly trigger: TriggerInstruction;
  /** What the image's configuration keeps: the trigger's text with its here-documents. */
  readonly expression: string;
}

/** What may follow ONBUILD. */
export type TriggerInstruction = Exclude<
  Instruction,
  FromInstruction | MaintainerInstruction | OnbuildInstruction
>;

/** Any instruction, told apart by `kind`. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | FromInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction;

export type InstructionKind = Instruction['kind'];

/** The instruction of one kind. */
export type InstructionOf<Kind extends InstructionKind> = Extract<Instruction, { kind: Kind }>;

/** The instructions a stage consists of, after its FROM. */
export type StageInstruction = Exclude<Instruction, FromInstruction>;
