import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Dockerfile, parseDockerfile } from '../parse.ts';
import { buildCheckFindings } from './build-check-findings.ts';
import { applyFixes } from './fix.ts';
import { type Finding, lintDockerfile } from './lint-dockerfile.ts';
import type { LintOptions } from './lint-options.ts';
import type { Fix } from './rule.ts';
import { allRules } from './rules/all-rules.ts';

interface Sample {
  readonly text: string;
  readonly options: Partial<LintOptions>;
}

/** Every example of the rules, every case about hadolint, and what build checks find. */
function samples(): Sample[] {
  const examples = allRules.flatMap(({ code, severity, bad, good }) =>
    [...bad, ...good].map((example) => {
      const { text, options } =
        typeof example === 'string' ? { text: example, options: {} } : example;
      return { text, options: { ...options, severities: new Map([[code, severity]]) } };
    }),
  );
  const cases = ['files', 'commands', 'pragmas'].flatMap((name) =>
    readFileSync(join(import.meta.dirname, `testdata/hadolint/${name}.txt`), 'utf8')
      .split('\n')
      .flatMap((line) => /^(?:fires|quiet)\S*(?: \d)? +(.*)$/.exec(line)?.[1] ?? [])
      .map((text) => ({ text: `${text.replaceAll('⏎', '\n')}\n`, options: {} })),
  );
  return [...examples, ...cases, ...checkSamples.map((text) => ({ text, options: {} }))];
}

const checkSamples = [
  'FROM a:1 as b\nenv k v w\nLABEL a b\nRUN a \\\n\n  b \\\n\n\n c\n',
  'from a:1 AS b\nRUN x\ncopy a /b\nadd a /b\n',
  'FROM a:1\nENV a "b"\nENV c $d\\ e\n',
  'FROM debian:12\nRUN ["sudo", "apt-get", "install", "x"]\nRUN ["sh", "-c", "apt-get install \\"x\\""]\n',
  'FROM debian:12\nRUN ["sh", "-c", "sudo apt install x"]\nRUN ["apt", "install", "x"]\n',
  'FROM debian:12\n# one\nRUN apt-get update # no comment\nRUN a \\\n # two\n b\n # three\n\nRUN c\nONBUILD RUN sudo x\n',
  'FROM debian:12\nCMD a \\\n # in\n b\n# between\nCMD c\n',
  'FROM debian:12\nRUN <<-E\n\tset -eu\n\tapt-get update\n\tapt-get install x\n\tE\nRUN <<E\napt-get update\napt-get install x\nE\n',
  'FROM debian:12\nRUN cat <<E && apt-get update && apt-get install x\nyes\nE\n',
];

function allFindings({ text, options }: Sample): Finding[] {
  const result = lintDockerfile(text, options);
  return [...result.findings, ...buildCheckFindings(result, options)];
}

/** Instructions that an edit does not reach, as they stand in the file. */
function untouched({ instructions }: Dockerfile, fix: Fix): string[] {
  return instructions
    .filter(({ range: { start, end } }) =>
      fix.every((edit) => edit.end < start.offset || edit.start > end.offset),
    )
    .map(({ source }) => source);
}

function checkFix(sample: Sample, { code, fix = [] }: Finding): void {
  const { text } = sample;
  const parse = (source: string) => parseDockerfile(source, { recover: true, snippet: true });
  const fixed = applyFixes(text, [{ code, fix } as Finding]).text;
  const [before, after] = [parse(text), parse(fixed)];
  const message = `${code}: ${JSON.stringify(text)} became ${JSON.stringify(fixed)}`;
  assert.notEqual(fixed, text, message);
  assert.ok(after.errors.length <= before.errors.length, message);
  assert.ok(after.instructions.length <= before.instructions.length, message);
  const left = after.instructions.map(({ source }) => source);
  for (const source of untouched(before, fix)) {
    const at = left.indexOf(source);
    assert.ok(at >= 0, `${message}\nlost ${source}`);
    left.splice(0, at + 1);
  }
  const deleted = fix.filter((edit) => edit.text === '');
  const kept = before.comments.filter(({ range: { start } }) =>
    deleted.every((edit) => start.offset < edit.start || start.offset >= edit.end),
  );
  const comments = after.comments.map((comment) => comment.text);
  for (const comment of kept) assert.ok(comments.includes(comment.text), message);
  if (!/[^\r]\n/.test(text)) assert.doesNotMatch(fixed, /[^\r]\n/, message);
  const count = (findings: readonly Finding[]) =>
    findings.filter((one) => one.code === code).length;
  const rest = allFindings({ ...sample, text: fixed });
  assert.ok(count(rest) < count(allFindings(sample)), `${message}\nand is reported still`);
}

function fixAll(sample: Sample): string {
  let { text } = sample;
  for (let round = 0; round < 10; round++) {
    const { text: fixed, applied } = applyFixes(text, allFindings({ ...sample, text }));
    if (applied.length === 0) return text;
    text = fixed;
  }
  assert.fail(`never done with ${JSON.stringify(sample.text)}`);
}

describe('each fix alone changes what it is about and nothing else', () => {
  const all = samples();
  for (const [title, change] of [
    ['lines that end with LF', (text: string) => text],
    ['lines that end with CR LF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['no end of the last line', (text: string) => text.replace(/\n$/, '')],
  ] as const) {
    test(title, () => {
      let fixes = 0;
      for (const { text, options } of all) {
        const sample = { text: change(text), options };
        for (const finding of allFindings(sample)) {
          if (!finding.fix) continue;
          fixes++;
          checkFix(sample, finding);
        }
      }
      assert.ok(fixes > 250, `${fixes}`);
    });
  }

  test('and all of them come to an end', () => {
    for (const sample of all) {
      const once = fixAll(sample);
      assert.equal(fixAll({ ...sample, text: once }), once);
    }
  });
});

describe('what a fix makes', () => {
  const cases: [before: string, after: string][] = [
    ['FROM a:1 as b\nenv k v w\nRUN a \\\n\n  b\n', 'FROM a:1 AS b\nENV k="v w"\nRUN a \\\n  b\n'],
    [
      'FROM debian:12\nRUN ["apt-get", "install", "x=1"]\n',
      'FROM debian:12\nRUN ["apt-get", "install", "-y", "x=1"]\n',
    ],
    [
      'FROM debian:12\nRUN ["sh", "-c", "apt-get install \\"x\\""]\n',
      'FROM debian:12\nRUN ["sh", "-c", "apt-get install \\"x\\""]\n',
    ],
    [
      'FROM debian:12\nRUN one\n\n# then\nRUN two\n',
      'FROM debian:12\nRUN one \\\n# then\n  && two\n',
    ],
    [
      'FROM debian:12\nRUN <<-E\n\tset -e\n\tapt-get update\n\tapt-get install -y x\n\tE\n',
      'FROM debian:12\nRUN <<-E\n\tset -e\n\tapt-get update\n\tapt-get install -y x\n\trm -rf /var/lib/apt/lists/*\n\tE\n',
    ],
    ['FROM a:1\nWORKDIR /x/y\nWORKDIR ../z\n', 'FROM a:1\nWORKDIR /x/y\nWORKDIR /x/z\n'],
    ['FROM debian:12\nRUN a | sudo tee b\n', 'FROM debian:12\nRUN a | tee b\n'],
  ];
  for (const [before, after] of cases) {
    test(JSON.stringify(before), () => assert.equal(fixAll({ text: before, options: {} }), after));
  }
});
