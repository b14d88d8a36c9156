import { describe, test } from 'node:test';
import { buildCheckFindings } from './build-check-findings.ts';
import { applyFixes } from './fix.ts';
import { type LabelType, labelTypes } from './label-value.ts';
import { lintDockerfile } from './lint-dockerfile.ts';
import { allRules } from './rules/all-rules.ts';
import { shellcheckScripts } from './shellcheck/shellcheck-scripts.ts';

/** What backtracking expressions and nested loops choke on, each repeated to this length. */
const length = 100_000;
const units = [
  'a',
  '-',
  '--',
  '=',
  '.',
  '/',
  '../',
  ':',
  '@',
  '$',
  '${',
  '}',
  '{',
  '"',
  "'",
  '\\',
  '`',
  '#',
  '|',
  '&&',
  ';',
  ' ',
  '\t',
  '1',
  '0-',
  'a-1',
  'a@',
  '://a:',
  'AKIA',
  '-----BEGIN ',
  'a.',
  '+',
  ',',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  '~',
  '*',
  '%',
  '!',
  '\u{1f600}',
  '\r',
  'a b ',
  "a='",
  '$(',
  '1.',
  '2024-',
];

const programs = [...new Set(allRules.flatMap((rule) => rule.programs ?? []))];
const perWord = 10_000;

/** Where the hostile text stands: in every instruction and after every program that a rule knows. */
const places: Record<string, (text: string) => string> = {
  FROM: (text) => `FROM ${text}\nFROM --platform=${text} b AS ${text}\n`,
  'names before a tag': (text) => `FROM ${text}:1@2\nCOPY --from=${text} / /\n`,
  ENV: (text) => `FROM a\nENV K=${text} L=$K\nENV M ${text}\n`,
  'names of variables': (text) => `FROM a\nENV ${text}=1\nARG ${text}\n`,
  LABEL: (text) => `FROM a\nLABEL ${text}=1 x="${text}"\n`,
  ...Object.fromEntries(
    labelTypes.map((type) => [`label ${type}`, (text) => `FROM a\nLABEL ${type}="${text}"\n`]),
  ),
  COPY: (text) => `FROM a\nCOPY ${text} ${text}\nADD ${text} ${text}\nRUN tar x ${text}\n`,
  'a command': (text) =>
    `FROM debian:12\nCMD ${text}\nENTRYPOINT ${text}\nHEALTHCHECK CMD ${text}\n`,
  'other words': (text) =>
    `FROM a\nWORKDIR ${text}\nUSER ${text}\nEXPOSE ${text}\nMAINTAINER ${text}\nSHELL ${text}\nVOLUME ${text}\n`,
  RUN: (text) => `FROM a\nRUN ${text}\nRUN x ${text} y\nONBUILD RUN ${text}\n`,
  'options of RUN': (text) => `FROM a\nRUN --mount=type=cache,target=${text} pip install x\n`,
  comments: (text) => `# hadolint ignore=${text}\n# ${text}\n# shellcheck ${text}\nFROM a\n`,
  'here-documents': (text) => `FROM a\nRUN <<${text.slice(0, 100)}\n${text}\n`,
  'in a here-document': (text) => `FROM a\nRUN <<E\n${text}\nE\nRUN <<E bash\nset -e ${text}\nE\n`,
};

const labelSchema = new Map<string, LabelType>(labelTypes.map((type) => [type, type]));

function lint(text: string): void {
  const result = lintDockerfile(text, { labelSchema, strictLabels: true });
  const findings = [...result.findings, ...buildCheckFindings(result)];
  applyFixes(text, findings);
  shellcheckScripts(result);
}

describe('hostile text costs in proportion to its length', () => {
  for (const [title, place] of Object.entries(places)) {
    test(title, () => {
      for (const unit of units) lint(place(unit.repeat(Math.ceil(length / unit.length))));
    });
  }
  for (const program of programs) {
    test(program, () => {
      for (const unit of units) {
        const text = unit.repeat(Math.ceil(perWord / unit.length));
        lint(`FROM debian:12\nRUN ${program} ${text} && ${program} install ${text} -u ${text}\n`);
      }
    });
  }
});
