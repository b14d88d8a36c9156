import type { BerthError } from '../../core/index.ts';
import type { Instruction } from '../instruction.ts';
import { type Dockerfile, parseDockerfile } from '../parse.ts';
import type { Position, SourceRange, SourceText } from '../position.ts';
import { syntaxErrorDetails } from '../syntax-error.ts';
import { defaultLintOptions, type LintOptions } from './lint-options.ts';
import { type LintedFile, type LintedStage, lintedFile } from './linted-file.ts';
import { type Pragmas, readPragmas } from './pragma.ts';
import type { Fix, Report, ReportDetails, Rule, RunVisit, Severity, TextEdit } from './rule.ts';
import { rulePlan } from './rule-plan.ts';
import { allRules, parseErrorRule, triggerRule } from './rules/all-rules.ts';

/** One thing a rule found. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** Where it is reported: of a rule about instructions, where the instruction starts. */
  readonly line: number;
  readonly column: number;
  /** The words at fault, or the instruction. */
  readonly range: SourceRange;
  /** Edits that put it right, when that is safe. */
  readonly fix: Fix | undefined;
}

export interface LintResult {
  /** In the order of the file. */
  readonly findings: readonly Finding[];
  readonly dockerfile: Dockerfile;
  readonly file: LintedFile;
  readonly pragmas: Pragmas;
}

/**
 * Lints a Dockerfile or a part of one. Never throws because of what the text is: what cannot be
 * parsed is a finding DL1000, and the rest is linted all the same.
 */
export function lintDockerfile(
  text: string | Uint8Array,
  given: Partial<LintOptions> = {},
): LintResult {
  const options = { ...defaultLintOptions, ...given };
  const dockerfile = parseDockerfile(text, { recover: true, snippet: true });
  const pragmas = readPragmas(dockerfile);
  const file = lintedFile(dockerfile, options, pragmas);
  const collector = new Collector(dockerfile, options, pragmas);
  for (const error of dockerfile.errors) collector.addSyntaxError(error);
  runRules(file, options, collector);
  return { findings: collector.sorted(), dockerfile, file, pragmas };
}

const plan = rulePlan(allRules);

function runRules(file: LintedFile, options: LintOptions, collector: Collector): void {
  const report = (rule: Rule): Report | undefined => collector.reporter(rule);
  for (const rule of plan.file) {
    const to = report(rule);
    if (to) rule.file!({ file, options }, to);
  }
  for (const argument of file.globalArgs) {
    const stage = file.stages[0];
    if (stage && stage.from === undefined) break;
    visitInstruction(argument, { file, options, collector, stage });
  }
  for (const stage of file.stages) {
    if (stage.from) visitInstruction(stage.from, { file, options, collector, stage });
    for (const linted of stage.instructions) {
      const { instruction, place, run } = linted;
      const context = { file, options, collector, stage, linted };
      if (place.kind === 'onbuild') visitInstruction(place, context);
      visitInstruction(instruction, context, place);
      if (run) {
        visitRun(
          { instruction: run.instruction, place, stage, file, options, run, linted },
          collector,
        );
      }
    }
    for (const rule of plan.stage) {
      const to = report(rule);
      if (to) rule.stage!({ stage, file, options }, to);
    }
  }
}

interface VisitContext {
  readonly file: LintedFile;
  readonly options: LintOptions;
  readonly collector: Collector;
  readonly stage: LintedStage | undefined;
  readonly linted?: LintedStage['instructions'][number];
}

function visitInstruction(
  instruction: Instruction,
  { file, options, collector, stage, linted }: VisitContext,
  place = instruction,
): void {
  for (const rule of plan.kinds.get(instruction.kind) ?? []) {
    const report = collector.reporter(rule);
    const check = rule.on?.[instruction.kind] as
      | ((visit: unknown, report: Report) => void)
      | undefined;
    if (report) check?.({ instruction, place, stage, file, options, linted }, report);
  }
}

function visitRun(visit: RunVisit, collector: Collector): void {
  for (const rule of plan.run) {
    const report = collector.reporter(rule);
    if (report) rule.run!(visit, report);
  }
  for (const command of visit.run.commands) {
    for (const rule of plan.programs.get(command.name) ?? []) {
      const report = collector.reporter(rule);
      if (report) rule.command!(command, visit, report);
    }
  }
}

/** Whether the parser refused what an ONBUILD holds, about which there is a rule. */
function isTriggerFault(reason: string): boolean {
  return /allowed as an ONBUILD trigger/i.test(reason) || /chaining ONBUILD/i.test(reason);
}

type MutableFinding = Omit<{ -readonly [Key in keyof Finding]: Finding[Key] }, 'fix'> & {
  fix: TextEdit[] | undefined;
};

/** Gathers findings, leaves out what configuration and pragmas silence. */
class Collector {
  readonly #source: SourceText;
  readonly #options: LintOptions;
  readonly #pragmas: Pragmas;
  readonly #findings: MutableFinding[] = [];
  readonly #reporters = new Map<Rule, Report | undefined>();

  constructor({ source }: Dockerfile, options: LintOptions, pragmas: Pragmas) {
    this.#source = source;
    this.#options = options;
    this.#pragmas = pragmas;
  }

  /** Undefined for a rule that is switched off. */
  reporter(rule: Rule): Report | undefined {
    if (this.#reporters.has(rule)) return this.#reporters.get(rule);
    const severity = severityOf(rule, this.#options);
    const report = severity === undefined ? undefined : this.#reporterFor(rule, severity);
    this.#reporters.set(rule, report);
    return report;
  }

  addSyntaxError(error: BerthError): void {
    const details = syntaxErrorDetails(error);
    const { positionAt, lineStart } = this.#source;
    const start = details
      ? positionAt(lineStart(details.line) + details.column - 1)
      : positionAt(0);
    const reason = details?.reason ?? error.message;
    const rule = isTriggerFault(reason) ? triggerRule : parseErrorRule;
    this.#addParseError(rule, reason, start);
  }

  #addParseError(rule: Rule, message: string, start: Position): void {
    const report = this.reporter(rule);
    report?.({ range: { start, end: start } }, { message });
  }

  sorted(): Finding[] {
    return this.#findings.sort(
      (a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1),
    );
  }

  #reporterFor(rule: Rule, severity: Severity): Report {
    const { code } = rule;
    const known = new Map<string, MutableFinding>();
    return ({ range }, details = {}) => {
      if (!this.#options.disableIgnorePragma && this.#pragmas.isIgnored(code, range)) return;
      const message = details.message ?? rule.title;
      const key = `${range.start.offset} ${message}`;
      const earlier = known.get(key);
      if (earlier) {
        // A finding whose fix would be partial has none.
        if (earlier.fix && details.fix) earlier.fix.push(...details.fix);
        else earlier.fix = undefined;
        return;
      }
      const { line, column } = range.start;
      const focus = details.focus ? this.#rangeOf(details.focus) : range;
      const finding = {
        code,
        severity,
        message,
        line,
        column: 1,
        range: focus,
        fix: details.fix && [...details.fix],
      };
      if (rule.hasExactPlace)
        Object.assign(finding, { line: focus.start.line, column: focus.start.column });
      else if (rule === parseErrorRule) finding.column = column;
      known.set(key, finding);
      this.#findings.push(finding);
    };
  }

  #rangeOf(focus: NonNullable<ReportDetails['focus']>): SourceRange {
    if (typeof focus.start !== 'number') return focus as SourceRange;
    return this.#source.range(focus.start, focus.end as number);
  }
}

function severityOf(rule: Rule, { ignored, severities }: LintOptions): Severity | undefined {
  if (ignored.has(rule.code)) return undefined;
  return severities.get(rule.code) ?? (rule.offByDefault ? undefined : rule.severity);
}
