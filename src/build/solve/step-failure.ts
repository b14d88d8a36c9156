import { BerthError, errorKind } from '../../core/index.ts';
import { type Dockerfile, excerptOf } from '../../dockerfile/index.ts';
import type { BuildStep, FailedStep, StepFailureDetails } from '../builder.ts';
import type { MissingSourceDetails } from '../context/selection.ts';
import type { StepLimits } from '../ports.ts';

/** The last so many lines of a failed step are told again with the error. */
const mostLines = 20;
const mostLineBytes = 4096;

/** Keeps the last lines of a step's output, whatever comes in between. */
export function createOutputTail() {
  let lines: string[] = [];
  let open = '';
  const decoder = new TextDecoder();
  return {
    add(bytes: Uint8Array): void {
      const parts = (open + decoder.decode(bytes, { stream: true })).split('\n');
      open = parts.pop()!.slice(-mostLineBytes);
      lines.push(...parts.map((line) => line.slice(-mostLineBytes)));
      if (lines.length > 2 * mostLines) lines = lines.slice(-mostLines);
    },
    lines(): string[] {
      return [...lines, ...(open === '' ? [] : [open])].slice(-mostLines);
    },
  };
}

export interface CommandOutcome {
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly limits: StepLimits | undefined;
  readonly lastOutput: readonly string[];
  readonly kept?: FailedStep;
}

/** The error of a RUN that did not exit with 0, before it is known which step of the build it is. */
export function commandFailure(outcome: CommandOutcome): BerthError {
  const { argv, exitCode, oomKilled, limits, lastOutput, kept } = outcome;
  const command = argv.join(' ');
  const memory = limits?.memoryBytes ? ` (limit ${limits.memoryBytes} bytes)` : '';
  const why = oomKilled ? `: out of memory${memory}` : '';
  const details: Partial<StepFailureDetails> = {
    exitCode,
    oomKilled,
    classicMessage: `The command '${command}' returned a non-zero code: ${exitCode}${why}`,
    lastOutput,
    ...(kept && { kept }),
  };
  const text = `process ${JSON.stringify(command)} did not complete successfully: exit code: ${exitCode}${why}`;
  return new BerthError('invalid', text, { code: 'STEP_FAILED', details });
}

/** The error of a RUN whose command could not even be started, saying which one it was. */
export function couldNotRun(argv: readonly string[], cause: unknown): unknown {
  const kind = errorKind(cause);
  if (kind === 'canceled' || !(cause instanceof BerthError)) return cause;
  const { message } = cause;
  const text = `process ${JSON.stringify(argv.join(' '))} did not complete successfully: ${message}`;
  const details: Partial<StepFailureDetails> = { classicMessage: message };
  return new BerthError(kind, text, { code: 'STEP_FAILED', cause, details });
}

/** Did the step's own command fail, or could it not be run at all? */
export function isStepFailure(error: unknown): error is BerthError {
  return error instanceof BerthError && error.code === 'STEP_FAILED';
}

/** How the classic builder would say it, where that is otherwise. */
function classicMessage({ text }: BuildStep, cause: BerthError | undefined): string | undefined {
  if (cause?.code !== 'SOURCE_MISSING') return undefined;
  const { path, inContext } = cause.details as MissingSourceDetails;
  const why = inContext ? 'file not found in build context or excluded by .dockerignore: ' : '';
  return `${text.split(' ', 1)[0]} failed: ${why}stat ${path}: file does not exist`;
}

/** The error of a step, with its place; what already is one of a step stays as it is. */
export function stepFailure(step: BuildStep, file: Dockerfile, cause: unknown): BerthError {
  const known = cause instanceof BerthError ? cause : undefined;
  const message = known?.message ?? (cause instanceof Error ? cause.message : String(cause));
  const given = known?.code === 'STEP_FAILED' ? (known.details as Partial<StepFailureDetails>) : {};
  const details: StepFailureDetails = {
    classicMessage: classicMessage(step, known) ?? message,
    lastOutput: [],
    ...given,
    step: step.number,
    text: step.text,
    line: step.line,
    endLine: step.endLine,
    fileName: file.fileName,
    ...(step.line > 0 && { excerpt: excerptOf(file.source, step.line, step.endLine) }),
  };
  return new BerthError(known?.kind ?? 'internal', message, {
    code: 'STEP_FAILED',
    details,
    cause: known?.code === 'STEP_FAILED' ? known.cause : cause,
  });
}
