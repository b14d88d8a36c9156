import {
  fromPlatformFlagConstDisallowed,
  invalidBaseImagePlatform,
  invalidDefaultArgInFrom,
  redundantTargetPlatform,
} from './base-images.ts';
import { consistentInstructionCasing, fromAsCasing } from './casing.ts';
import type { Check } from './check.ts';
import {
  jsonArgsRecommended,
  multipleInstructionsDisallowed,
  workdirRelativePath,
} from './commands.ts';
import { copyIgnoredFile } from './copied-files.ts';
import { invalidDefinitionDescription } from './descriptions.ts';
import { exposeInvalidFormat, exposeProtoCasing } from './expose.ts';
import { legacyKeyValueFormat, maintainerDeprecated, noEmptyContinuation } from './legacy.ts';
import { duplicateStageName, reservedStageName, stageNameCasing } from './stage-names.ts';
import { secretsUsedInArgOrEnv, undefinedArgInFrom, undefinedVar } from './variables.ts';

/** All build checks, in the order they run. */
export const allChecks: readonly Check[] = [
  noEmptyContinuation,
  maintainerDeprecated,
  stageNameCasing,
  fromAsCasing,
  invalidDefinitionDescription,
  reservedStageName,
  duplicateStageName,
  consistentInstructionCasing,
  invalidDefaultArgInFrom,
  undefinedArgInFrom,
  redundantTargetPlatform,
  fromPlatformFlagConstDisallowed,
  invalidBaseImagePlatform,
  undefinedVar,
  legacyKeyValueFormat,
  secretsUsedInArgOrEnv,
  jsonArgsRecommended,
  multipleInstructionsDisallowed,
  workdirRelativePath,
  copyIgnoredFile,
  exposeProtoCasing,
  exposeInvalidFormat,
];
