export type { BaseImages, LintBaseImage } from './base-image-facts.ts';
export { baseImageNames } from './base-image-names.ts';
export { buildCheckFindings } from './build-check-findings.ts';
export { hasCheckFix } from './build-check-fixes.ts';
export { applyFixes } from './fix.ts';
export { type LabelType, labelTypes } from './label-value.ts';
export { type Finding, type LintResult, lintDockerfile } from './lint-dockerfile.ts';
export { defaultLintOptions, type LintOptions } from './lint-options.ts';
export { type Rule, type Severity, severities } from './rule.ts';
export { allRules } from './rules/all-rules.ts';
export {
  type ShellcheckComment,
  shellcheckExclusions,
  shellcheckFindings,
} from './shellcheck/shellcheck-findings.ts';
export { shellcheckScripts } from './shellcheck/shellcheck-scripts.ts';
