import {
  type LabelType,
  type LintOptions,
  labelTypes,
  type Severity,
  severities,
} from '../../dockerfile/lint/index.ts';
import { type FormatName, formatNames } from './formats/format-name.ts';

/** The severity from which on findings fail: `ignore` and `none` let any finding fail. */
export type Threshold = Severity | 'ignore' | 'none';

/** What one source of configuration says; what it leaves out is for the others. */
export interface PartialConfig {
  readonly noFail?: boolean;
  readonly noColor?: boolean;
  readonly verbose?: boolean;
  readonly format?: FormatName;
  readonly failureThreshold?: Threshold;
  readonly strictLabels?: boolean;
  readonly disableIgnorePragma?: boolean;
  readonly ignored?: readonly string[];
  readonly override?: Readonly<Partial<Record<Severity, readonly string[]>>>;
  readonly trustedRegistries?: readonly string[];
  readonly labelSchema?: ReadonlyMap<string, LabelType>;
}

/** How one run of the linter is configured. */
export interface LintConfig {
  readonly noFail: boolean;
  readonly noColor: boolean;
  readonly verbose: boolean;
  readonly format: FormatName;
  readonly failureThreshold: Threshold;
  readonly options: Pick<
    LintOptions,
    | 'ignored'
    | 'severities'
    | 'trustedRegistries'
    | 'labelSchema'
    | 'strictLabels'
    | 'disableIgnorePragma'
  >;
}

/** Joins sources, the strongest first: of single values the strongest wins, lists are joined. */
export function mergeConfig(sources: readonly PartialConfig[]): LintConfig {
  const strongest = <Key extends keyof PartialConfig>(key: Key): PartialConfig[Key] =>
    sources.find((source) => source[key] !== undefined)?.[key];
  return {
    noFail: strongest('noFail') ?? false,
    noColor: strongest('noColor') ?? false,
    verbose: strongest('verbose') ?? false,
    format: strongest('format') ?? 'tty',
    failureThreshold: strongest('failureThreshold') ?? 'info',
    options: {
      ignored: new Set(sources.flatMap(({ ignored = [] }) => ignored)),
      severities: mergedSeverities(sources),
      trustedRegistries: sources.flatMap(({ trustedRegistries = [] }) => trustedRegistries),
      labelSchema: new Map(
        sources.toReversed().flatMap(({ labelSchema = new Map() }) => [...labelSchema]),
      ),
      strictLabels: strongest('strictLabels') ?? false,
      disableIgnorePragma: strongest('disableIgnorePragma') ?? false,
    },
  };
}

/** A rule named in several lists gets the severity of the strongest source, and there the worst. */
function mergedSeverities(sources: readonly PartialConfig[]): Map<string, Severity> {
  const merged = new Map<string, Severity>();
  for (const { override = {} } of sources.toReversed()) {
    for (const severity of severities.toReversed()) {
      for (const code of override[severity] ?? []) merged.set(code, severity);
    }
  }
  return merged;
}

export function isThreshold(text: string): text is Threshold {
  return text === 'ignore' || text === 'none' || severities.some((severity) => severity === text);
}

export function isFormat(text: string): text is FormatName {
  return formatNames.some((name) => name === text);
}

export function isLabelType(text: string): text is LabelType {
  return labelTypes.some((type) => type === text);
}
