import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkDockerfile } from '../checks/check-dockerfile.ts';
import { createIgnoreMatcher } from '../ignore/ignore-matcher.ts';
import { parseDockerfile } from '../parse.ts';
import { buildCheckFindings } from './build-check-findings.ts';
import { lintDockerfile } from './lint-dockerfile.ts';

/** What a rule says in place of a check, under its own code. */
const twins: Readonly<Record<string, readonly string[]>> = {
  DuplicateStageName: ['DL3024'],
  FromPlatformFlagConstDisallowed: ['DL3029'],
  JSONArgsRecommended: ['DL3025'],
  MaintainerDeprecated: ['DL4000'],
  MultipleInstructionsDisallowed: ['DL3012', 'DL4003', 'DL4004'],
  RedundantTargetPlatform: ['DL3065'],
  ReservedStageName: ['DL3063'],
  SecretsUsedInArgOrEnv: ['DL3064'],
  WorkdirRelativePath: ['DL3000'],
};

const root = join(import.meta.dirname, '../checks/testdata');
const contextIgnore = createIgnoreMatcher(['ignored*']);

describe('the linter says what a build says', () => {
  for (const name of readdirSync(root)) {
    for (const kind of ['bad', 'good']) {
      test(`${name}, ${kind}`, () => {
        const text = readFileSync(join(root, name, `Dockerfile.${kind}`), 'utf8');
        const { warnings } = checkDockerfile(parseDockerfile(text), { ignore: contextIgnore });
        const result = lintDockerfile(text);
        const findings = [...result.findings, ...buildCheckFindings(result, { contextIgnore })];
        for (const { check, range } of warnings) {
          const codes = [check, ...(twins[check] ?? [])];
          const isSaid = findings.some(
            ({ code, line }) =>
              codes.includes(code) &&
              // Of several CMDs the last is right: where the rule points is another one.
              (check === 'MultipleInstructionsDisallowed' || line === range.start.line),
          );
          assert.ok(isSaid, `${check} in line ${range.start.line}`);
        }
        const said = findings.filter(({ code }) => !/^(?:DL|BL)\d/.test(code));
        for (const { code, line } of said) {
          const isWarned = warnings.some(
            ({ check, range }) => check === code && range.start.line === line,
          );
          assert.ok(isWarned, `${code} in line ${line}`);
        }
      });
    }
  }
});
