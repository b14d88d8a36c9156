import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ShellcheckComment } from '../../../dockerfile/lint/index.ts';
import { lintFiles } from '../lint-files.ts';
import type { FileReport } from '../report.ts';
import { type FormatName, formatNames } from './format-name.ts';
import { formatters } from './formatters.ts';

const update = process.env.UPDATE_GOLDEN === '1';
const plain = { color: false, pathInReport: undefined, now: new Date('2024-05-01T10:00:00Z') };

const inputs = [
  {
    name: 'sub dir/Dockerfile',
    text: 'FROM debian\nRUN cd /x | \\\n  cat <"a&b" $1\nCMD a\nLABEL A=1\nRUNN \u001b[31m"<x>"\u009b\n',
  },
  { name: 'evil\u001b[2J\u202e\n<&"\'>.Dockerfile', text: 'FROM alpine:3.20\nUSER app\n' },
  { name: 'clean/Dockerfile', text: 'FROM debian:12\n' },
];
const comment: ShellcheckComment = {
  // Below the shebang and the proxy variables.
  line: 10,
  endLine: 10,
  column: 22,
  endColumn: 24,
  level: 'info',
  code: 2086,
  message: 'quote this <"$1">',
};
const { reports } = await lintFiles(inputs, {
  options: {},
  buildChecks: true,
  shellcheck: async (scripts) => scripts.map(() => [comment]),
});

function golden(name: string, text: string): void {
  const path = join(import.meta.dirname, '../testdata/formats', name);
  if (update) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

for (const name of formatNames) {
  test(name, () => {
    const text = formatters[name](reports, plain);
    golden(`${name}.txt`, text);
    // Nothing but line ends, and the zero byte that ends Code Climate's objects, steers anything.
    assert.doesNotMatch(text.replaceAll('\0', ''), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
  });
}

test('nothing found', () => {
  const empty: FileReport[] = [{ name: 'D', findings: [] }];
  const texts = formatNames.map((name) => `${name}: ${formatters[name](empty, plain)}\n`);
  golden('empty.txt', texts.join(''));
});

describe('what readers of a format rely on', () => {
  const parsed = (name: FormatName) => JSON.parse(formatters[name](reports, plain));

  test('names come through JSON as they are', () => {
    const names = new Set(parsed('json').map(({ file }: { file: string }) => file));
    assert.deepEqual(
      [...names],
      inputs.slice(0, 2).map(({ name }) => name),
    );
  });

  test('a fingerprint is of the issue with its keys in the order of the alphabet', () => {
    const fingerprints = new Set<string>();
    for (const { fingerprint, ...issue } of parsed('gitlab_codeclimate')) {
      assert.deepEqual(Object.keys(issue), Object.keys(issue).sort());
      assert.equal(fingerprint, createHash('sha1').update(JSON.stringify(issue)).digest('hex'));
      fingerprints.add(fingerprint);
    }
    assert.equal(fingerprints.size, reports.flatMap(({ findings }) => findings).length);
  });

  test('Code Climate wants a position where there is no line to point at', () => {
    const error = parsed('gitlab_codeclimate').find(
      ({ check_name: name }: { check_name: string }) => name === 'DL1000',
    );
    const position = { column: 1, line: 6 };
    assert.deepEqual(error.location.positions, { begin: position, end: position });
  });

  test('severities', () => {
    const all = (name: FormatName, severity: string) => {
      const findings = [{ ...reports[0]!.findings[0]!, severity } as never];
      return formatters[name]([{ name: 'D', findings }], plain);
    };
    const cases: [FormatName, pattern: (word: string) => string, string[]][] = [
      ['codeclimate', (word) => `"severity":"${word}"`, ['blocker', 'major', 'info', 'minor']],
      ['sonarqube', (word) => `"severity":"${word}"`, ['CRITICAL', 'MAJOR', 'MINOR', 'INFO']],
      ['sarif', (word) => `"level":"${word}"`, ['error', 'warning', 'note', 'note']],
      ['checkstyle', (word) => `severity="${word}"`, ['error', 'warning', 'info', 'style']],
      ['junit', (word) => `type="${word}"`, ['error', 'warning', 'info', 'style']],
    ];
    for (const [name, pattern, words] of cases) {
      for (const [index, severity] of ['error', 'warning', 'info', 'style'].entries()) {
        assert.ok(all(name, severity).includes(pattern(words[index]!)), `${name} ${severity}`);
      }
    }
  });

  test('every SARIF rule is described', () => {
    const [{ tool, results }] = parsed('sarif').runs;
    const known = new Set(tool.driver.rules.map(({ id }: { id: string }) => id));
    for (const { ruleId } of results) assert.ok(known.has(ruleId) || ruleId.startsWith('SC'));
  });
});

test('colours are for terminals, the path for reports', () => {
  const options = { color: true, pathInReport: 'other/path', now: new Date(0) };
  assert.match(formatters.tty(reports, options), /DL3006 \x1b\[1;93mwarning\x1b\[0m: /);
  for (const name of formatNames) {
    const isForTools = /checkstyle|codeclimate|sonarqube|junit|sarif/.test(name);
    assert.equal(/other\/path/.test(formatters[name](reports, options)), isForTools, name);
    assert.equal(/sub(?: |%20)dir/.test(formatters[name](reports, options)), !isForTools, name);
  }
});
