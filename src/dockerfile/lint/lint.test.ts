import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { buildCheckFindings } from './build-check-findings.ts';
import { applyFixes } from './fix.ts';
import { lintDockerfile } from './lint-dockerfile.ts';
import type { LintOptions } from './lint-options.ts';
import type { Example, Rule } from './rule.ts';
import { allRules } from './rules/all-rules.ts';

function parts(example: Example): { text: string; options: Partial<LintOptions> } {
  return typeof example === 'string' ? { text: example, options: {} } : example;
}

/** A rule that is off is switched on, as configuration does it. */
function optionsFor({ code, severity }: Rule, options: Partial<LintOptions>): Partial<LintOptions> {
  return { ...options, severities: new Map([[code, severity]]), disableIgnorePragma: true };
}

function findings(rule: Rule, example: Example) {
  const { text, options } = parts(example);
  const used = optionsFor(rule, options);
  const result = lintDockerfile(text, used);
  return [...result.findings, ...buildCheckFindings(result, used)].filter(
    ({ code }) => code === rule.code,
  );
}

test('the documentation lists them all', () => {
  const path = join(import.meta.dirname, '../../../docs/lint.md');
  const marker = 'UPDATE_GOLDEN=1. -->\n';
  const text = readFileSync(path, 'utf8');
  const head = text.slice(0, text.indexOf(marker) + marker.length);
  const rows = allRules.map(
    ({ code, severity, title, offByDefault, unfixable }) =>
      `| ${code} | ${offByDefault ? 'off' : severity} | ${title.replaceAll('|', '\\|')} | ${unfixable ?? 'yes'} |`,
  );
  const expected = `${head}\n| code | severity | what | fix, or why there is none |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, expected);
  else assert.equal(text, expected);
});

function hasFix(code: string, bad: Rule['bad']): boolean {
  const found = bad.flatMap((example) => lintDockerfile(parts(example).text).findings);
  return found.some((finding) => finding.code === code && finding.fix !== undefined);
}

test('each rule is in the index, under its own name', () => {
  const files = readdirSync(join(import.meta.dirname, 'rules')).filter((name) =>
    /^(?:dl|bl)\d{4}\.ts$/.test(name),
  );
  const codes = allRules.map(({ code }) => code);
  assert.deepEqual(codes.map((code) => `${code.toLowerCase()}.ts`).sort(), files.sort());
  assert.deepEqual(codes, [...codes].sort());
});

for (const rule of allRules) {
  describe(rule.code, () => {
    test('has a fix, or says why not', () => {
      assert.equal(rule.unfixable === undefined, hasFix(rule.code, rule.bad));
    });
    test('has its documentation and examples', () => {
      assert.ok(rule.documentation.length > 20 && rule.title.length > 10);
      assert.ok(rule.bad.length > 0 && rule.good.length > 0);
      assert.doesNotMatch(rule.title, /\.$/);
    });
    for (const example of rule.bad) {
      const { text } = parts(example);
      test(`reports ${JSON.stringify(text)}`, () => {
        const found = findings(rule, example);
        assert.ok(found.length > 0);
        const fixed = applyFixes(text, found).text;
        if (found.some(({ fix }) => fix)) {
          assert.notEqual(fixed, text);
          assert.deepEqual(findings(rule, { ...parts(example), text: fixed }), [], fixed);
        } else assert.equal(fixed, text);
      });
    }
    for (const example of rule.good) {
      test(`accepts ${JSON.stringify(parts(example).text)}`, () => {
        assert.deepEqual(findings(rule, example), []);
      });
    }
  });
}
