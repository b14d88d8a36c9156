import { invalid } from '../../core/index.ts';
import type { LabelType } from '../../dockerfile/lint/index.ts';
import type { FormatName } from './formats/format-name.ts';
import { isLabelType, isThreshold, type PartialConfig } from './lint-config.ts';

/** The flags that configure linting, as commander gives them. */
export interface ConfigFlags {
  readonly format?: FormatName;
  readonly failureThreshold?: string;
  /** False after `--no-fail`. */
  readonly fail: boolean;
  /** False after `--no-color`. */
  readonly color: boolean;
  readonly verbose?: boolean;
  readonly error: readonly string[];
  readonly warning: readonly string[];
  readonly info: readonly string[];
  readonly style: readonly string[];
  readonly ignore: readonly string[];
  readonly trustedRegistry: readonly string[];
  readonly allowedRegistry: readonly string[];
  readonly requireLabel: readonly string[];
  readonly strictLabels?: boolean;
  readonly disableIgnorePragma?: boolean;
}

/** What the command line says. Throws `invalid` on a severity or type of label that is none. */
export function flagsConfig(flags: ConfigFlags): PartialConfig {
  const { failureThreshold: threshold, error, warning, info, style } = flags;
  if (threshold !== undefined && !isThreshold(threshold)) {
    throw invalid(
      `invalid --failure-threshold ${JSON.stringify(threshold)}: expected error, warning, info, style, ignore or none`,
    );
  }
  return {
    format: flags.format,
    failureThreshold: threshold,
    noFail: flags.fail ? undefined : true,
    noColor: flags.color ? undefined : true,
    verbose: flags.verbose,
    strictLabels: flags.strictLabels,
    disableIgnorePragma: flags.disableIgnorePragma,
    ignored: flags.ignore,
    override: { error, warning, info, style },
    trustedRegistries: [...flags.trustedRegistry, ...flags.allowedRegistry],
    labelSchema: new Map(flags.requireLabel.map(parseRequirement)),
  };
}

function parseRequirement(text: string): [string, LabelType] {
  const colon = text.indexOf(':');
  const type = text.slice(colon + 1);
  if (colon > 0 && isLabelType(type)) return [text.slice(0, colon), type];
  throw invalid(
    `invalid --require-label ${JSON.stringify(text)}: expected NAME:TYPE, type being text, rfc3339, semver, url, hash, spdx or email`,
  );
}
