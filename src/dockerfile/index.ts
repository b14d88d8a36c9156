export { allChecks } from './checks/all-checks.ts';
export type { Check } from './checks/check.ts';
export {
  type CheckResult,
  type CheckWarning,
  checkDockerfile,
  checkingDockerfile,
  renderCheckWarning,
} from './checks/check-dockerfile.ts';
export type { BaseImageFacts, CheckInput } from './checks/check-input.ts';
export { type CheckOptions, parseCheckOptions } from './checks/check-options.ts';
export type { Flag } from './command-text.ts';
export type { Directive, DirectiveName, EscapeToken } from './directives.ts';
export { descriptionsIn } from './doc-comments.ts';
export {
  type ExpandOptions,
  type Expansion,
  expand,
  expandWords,
  expansionOf,
  type Lookup,
} from './expand.ts';
export { expandInstruction, expandWord, type Replacement } from './expand-instruction.ts';
export {
  type BuildArgs,
  type ExpandedFrom,
  type GlobalScope,
  globalScope,
  proxyArgNames,
  proxyVariables,
  type ScopeOptions,
} from './global-scope.ts';
export { type Heredoc, heredocContent, parseHeredocOperator } from './heredoc.ts';
export { parseIgnoreFile } from './ignore/ignore-file.ts';
export {
  createIgnoreMatcher,
  type IgnoreMatcher,
  type IgnoreVerdict,
  type IgnoreWalk,
} from './ignore/ignore-matcher.ts';
export {
  compilePathMatch,
  hasWildcards,
  type ParentsSource,
  parentsSource,
} from './ignore/path-match.ts';
export type {
  AddInstruction,
  ArgDefinition,
  ArgInstruction,
  CmdInstruction,
  CommandLine,
  CopyInstruction,
  EntrypointInstruction,
  EnvInstruction,
  ExposeInstruction,
  FromInstruction,
  HealthcheckInstruction,
  Instruction,
  InstructionKind,
  InstructionOf,
  KeyValue,
  LabelInstruction,
  MaintainerInstruction,
  OnbuildInstruction,
  RunInstruction,
  ShellInstruction,
  StageInstruction,
  StopsignalInstruction,
  TriggerInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
} from './instruction.ts';
export type { Comment } from './line-reader.ts';
export {
  type Dockerfile,
  type EmptyContinuation,
  type ParseOptions,
  parseDockerfile,
  parseTrigger,
  parsingDockerfile,
  type Stage,
} from './parse.ts';
export type { Position, SourceRange, SourceText } from './position.ts';
export type { Device } from './run-device.ts';
export { type Mount, type MountSharing, type MountType, parseMount } from './run-mount.ts';
export { type Excerpt, excerptOf, type Place, renderPlace } from './source-excerpt.ts';
export { type StageScope, type StageScopeOptions, stageScope } from './stage-scope.ts';
export { nearest } from './suggest.ts';
export {
  locate,
  located,
  placedError,
  renderSyntaxFault,
  type SyntaxErrorDetails,
  SyntaxFault,
  syntaxError,
  syntaxErrorDetails,
} from './syntax-error.ts';
export type { Word } from './word.ts';
