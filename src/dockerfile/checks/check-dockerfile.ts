import { atOnce, BerthError, invalid, type Pieces, type Platform } from '../../core/index.ts';
import { type Expansion, expansionOf } from '../expand.ts';
import { type GlobalScope, globalScope } from '../global-scope.ts';
import type { Dockerfile, Stage } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { shownText } from '../source-excerpt.ts';
import { locate, SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import { allChecks } from './all-checks.ts';
import type { Check, FromWord, Place, Report } from './check.ts';
import { type CheckInput, targetPlatformOf } from './check-input.ts';
import { type CheckOptions, isEnabled, parseCheckOptions, withComments } from './check-options.ts';
import { stageVisits } from './stage-visits.ts';

/** What a check found. */
export interface CheckWarning {
  readonly check: string;
  readonly description: string;
  readonly message: string;
  /** The instruction or line it is about. */
  readonly range: SourceRange;
  /** The word at fault in it. */
  readonly focus: SourceRange;
}

export interface CheckResult {
  /** In the order of the file. */
  readonly warnings: readonly CheckWarning[];
  /** What would fail the build: a fault on the way, or warnings that `error=true` makes one. */
  readonly error: BerthError | undefined;
}

/** Runs BuildKit's build checks. Throws nothing about the Dockerfile: that is `error`. */
export function checkDockerfile(dockerfile: Dockerfile, input?: CheckInput): CheckResult {
  return atOnce(checkingDockerfile(dockerfile, input));
}

/** As `checkDockerfile`, in pieces. */
export function* checkingDockerfile(
  dockerfile: Dockerfile,
  input: CheckInput = {},
): Pieces<CheckResult> {
  const warnings: CheckWarning[] = [];
  let error: BerthError | undefined;
  try {
    const options = optionsOf(dockerfile, input);
    yield* runChecks(dockerfile, input, reporter(options, warnings));
    if (options.error && warnings.length > 0) {
      const names = new Set(warnings.map(({ check }) => check));
      error = invalid(`lint violation found for rules: ${[...names].join(', ')}`);
    }
  } catch (thrown) {
    if (!(thrown instanceof BerthError)) throw thrown;
    error = thrown;
  }
  warnings.sort((a, b) => a.range.start.line - b.range.start.line);
  return { warnings, error };
}

function optionsOf({ directives }: Dockerfile, input: CheckInput): CheckOptions {
  const directive = directives.find(({ name }) => name === 'check')?.value.split(' ', 1)[0];
  try {
    return parseCheckOptions(input.options ?? directive ?? '');
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw invalid(`failed to parse check options: ${error.message}`, { cause: error });
  }
}

type ReporterOf = (check: Check, instruction?: Place) => Report;

/** `instruction` is the one whose comments may switch a check off; the place itself when absent. */
function reporter(options: CheckOptions, warnings: CheckWarning[]): ReporterOf {
  return (check, instruction) => (message, at, focus) => {
    const { comments = [] } = instruction ?? at;
    if (!isEnabled(withComments(options, comments), check)) return;
    const { name, description } = check;
    const { range } = at;
    warnings.push({ check: name, description, message, range, focus: focus ?? range });
  };
}

function* runChecks(dockerfile: Dockerfile, input: CheckInput, report: ReporterOf): Pieces<void> {
  const { buildArgs, target } = input;
  const targetPlatform = targetPlatformOf(input);
  const { buildPlatform = targetPlatformOf({}) } = input;
  for (const check of allChecks) {
    yield;
    check.file?.({ dockerfile }, report(check));
  }
  const scopeOptions = { buildPlatform, targetPlatform, target };
  const global = globalScope(dockerfile, { ...scopeOptions, buildArgs });
  const defaults = defaultScope(dockerfile, scopeOptions);
  const known = new Map<string, string | undefined>(global.variables);
  for (const name of global.declared) if (!known.has(name)) known.set(name, undefined);
  for (const stage of dockerfile.stages) {
    yield;
    const { from } = stage;
    const visit = {
      stage,
      from,
      image: fromWord(dockerfile, global, from.image),
      platform: from.platform && fromWord(dockerfile, global, from.platform),
      platforms: platformsOf(global, stage, input),
      defaultImage: defaults && fromWord(dockerfile, defaults, from.image).text,
      known,
    };
    for (const check of allChecks) check.from?.(visit, report(check));
  }
  for (const visit of stageVisits(dockerfile, global, input)) {
    yield;
    for (const check of allChecks) check.instruction?.(visit, report(check, visit.place));
  }
}

function platformsOf(global: GlobalScope, { from }: Stage, input: CheckInput) {
  try {
    const { image, platform: expected = targetPlatformOf(input) } = global.expandFrom(from);
    const actual = input.baseImages?.get(image.text, expected)?.platform;
    return actual && { expected, actual };
  } catch (error) {
    // What is wrong with it is told where the stage is looked at.
    if (error instanceof BerthError || error instanceof SyntaxFault) return undefined;
    throw error;
  }
}

/** The global scope as it is without build arguments; undefined when a default cannot be read. */
function defaultScope(
  dockerfile: Dockerfile,
  options: { buildPlatform: Platform; targetPlatform: Platform; target: string | undefined },
): GlobalScope | undefined {
  try {
    return globalScope(dockerfile, options);
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

function fromWord(dockerfile: Dockerfile, scope: GlobalScope, written: Word): FromWord {
  const { escapeToken } = dockerfile;
  const { text, matched, unmatched } = locate(dockerfile, (): Expansion => {
    try {
      return expansionOf(written.text, (name) => scope.variables.get(name), { escapeToken });
    } catch (error) {
      if (error instanceof BerthError) throw new SyntaxFault(error.message, written.range);
      throw error;
    }
  });
  return { written, text, matched, unmatched };
}

/**
 * A warning for a terminal: name and description, the message, and the lines it is about marked
 * among those around them.
 */
export function renderCheckWarning(dockerfile: Dockerfile, warning: CheckWarning): string {
  const { fileName = 'Dockerfile', source } = dockerfile;
  const { check, message, range } = warning;
  const first = range.start.line;
  const last = Math.min(range.end.line, first + shownLines);
  const from = Math.max(1, first - contextLines);
  const to = Math.min(source.lineCount, last + contextLines);
  const out = [`WARNING: ${check}`, message, `${fileName}:${first}`];
  for (let line = from; line <= to; line++) {
    const mark = line >= first && line <= last ? '>>>' : '   ';
    out.push(`${String(line).padStart(4)} | ${mark} ${shownText(source.line(line))}`.trimEnd());
  }
  return out.join('\n');
}

const contextLines = 2;
/** Lines of a long instruction that are shown. */
const shownLines = 10;
