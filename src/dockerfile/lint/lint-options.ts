import type { BuildArgs } from '../global-scope.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import type { BaseImages } from './base-image-facts.ts';
import type { LabelType } from './label-value.ts';
import type { Severity } from './rule.ts';

/** What configuration decides about linting. */
export interface LintOptions {
  /** Rules to leave out. */
  readonly ignored: ReadonlySet<string>;
  /** Severities in place of the rules' own; also switches on what is off by default. */
  readonly severities: ReadonlyMap<string, Severity>;
  /** Registries FROM may name, `*` standing for any part; none means all. */
  readonly trustedRegistries: readonly string[];
  /** The labels an image must have, and of what form. */
  readonly labelSchema: ReadonlyMap<string, LabelType>;
  /** Whether labels outside the schema are reported. */
  readonly strictLabels: boolean;
  /** Whether pragmas in comments count for nothing. */
  readonly disableIgnorePragma: boolean;
  /** The `.dockerignore` of the context, for a check about it. */
  readonly contextIgnore?: IgnoreMatcher | undefined;
  /** What the build's `--build-arg`s are; ARGs have their defaults without. */
  readonly buildArgs: BuildArgs;
  /** What is known of base images, by their name in FROM with variables replaced. */
  readonly baseImages: BaseImages;
}

export const defaultLintOptions: LintOptions = {
  ignored: new Set(),
  severities: new Map(),
  trustedRegistries: [],
  labelSchema: new Map(),
  strictLabels: false,
  disableIgnorePragma: false,
  buildArgs: {},
  baseImages: new Map(),
};
