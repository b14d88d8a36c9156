import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { allRules, defaultLintOptions, type Severity } from '../../dockerfile/lint/index.ts';
import { lintExitStatus } from './exit-status.ts';
import { explainRule, ruleList } from './explain.ts';
import { fixInput, writeFixed } from './fix-files.ts';
import { lintFiles } from './lint-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-lint-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('exit status', () => {
  const finding = (code: string, severity: Severity) => [
    { name: 'D', findings: [{ code, severity } as never] },
  ];
  const base = { noFail: false, format: 'tty', failureThreshold: 'info' } as const;
  const cases = [
    [[{ name: 'D', findings: [] }], base, 0],
    [finding('DL3015', 'info'), base, 1],
    [finding('DL3048', 'style'), base, 0],
    [finding('DL3048', 'style'), { ...base, failureThreshold: 'style' }, 1],
    [finding('DL3048', 'style'), { ...base, failureThreshold: 'none' }, 1],
    [finding('DL3048', 'style'), { ...base, failureThreshold: 'ignore' }, 1],
    [finding('DL3008', 'warning'), { ...base, failureThreshold: 'error' }, 0],
    [finding('DL1000', 'style'), { ...base, failureThreshold: 'error' }, 1],
    [finding('DL1000', 'error'), { ...base, noFail: true }, 0],
    [finding('DL1000', 'error'), { ...base, format: 'codeclimate' }, 0],
    [finding('DL1000', 'error'), { ...base, format: 'codacy' }, 0],
    [finding('DL3000', 'error'), { ...base, format: 'gitlab_codeclimate' }, 1],
  ] as const;
  for (const [reports, config, status] of cases) {
    assert.equal(lintExitStatus(reports, config), status);
  }
});

describe('fixing', () => {
  const options = { options: defaultLintOptions, buildChecks: true };
  test('shows a diff and keeps what it does not fix', () => {
    const text = '\ufeffFROM debian:12\r\nRUN apt-get install \\\r\n  curl=1\r\nADD a /b\r\n';
    const { text: fixed, diff } = fixInput({ name: 'D\u001b', text }, options);
    assert.equal(fixed, text.replace('install', 'install -y').replace('ADD', 'COPY'));
    assert.match(diff, /^--- "a\/D\\033"\n\+\+\+ "b\/D\\033"\n@@/);
    assert.match(diff, /\n-ADD a \/b\n\+COPY a \/b\n/);
    const again = fixInput({ name: 'D', text: fixed }, options);
    assert.deepEqual([again.fixed, again.diff, again.text], [0, '', fixed]);
  });

  test('names in a diff are relative', () => {
    const text = 'FROM debian:12\nADD a /b\n';
    for (const [name, shown] of [
      ['/abs/D', 'abs/D'],
      ['./D', 'D'],
      ['../D', '../D'],
      ['a b/D', 'a b/D'],
    ] as const) {
      assert.match(fixInput({ name, text }, options).diff, new RegExp(`^--- "?a/${shown}"?\\n`));
    }
  });

  test('what is ignored or cannot be parsed is left alone', () => {
    const fixed = (text: string) => fixInput({ name: 'D', text }, options).text;
    const silenced = 'FROM a:1\n# hadolint ignore=DL3020\nADD a /b\n';
    assert.equal(fixed(silenced), silenced);
    const broken = 'FROM a:1\nRUNN\nADD a /b\n';
    assert.equal(fixed(broken), broken);
  });

  test('keeps the rules of the ignore file, for what is linted after it', async () => {
    const input = {
      name: 'D',
      text: '# check=experimental=CopyIgnoredFile\nFROM a:1\nADD a /b\n',
      ignore: 'a\n',
    };
    const fixed = fixInput(input, options);
    assert.equal(fixed.fixed, 1);
    const { reports } = await lintFiles([fixed], options);
    assert.ok(reports[0]!.findings.some(({ code }) => code === 'CopyIgnoredFile'));
  });

  test('writes in place, through links, with the mode kept', () => {
    const path = join(folder, 'Fixed');
    writeFileSync(path, 'before\n');
    chmodSync(path, 0o640);
    symlinkSync(path, join(folder, 'Link'));
    writeFixed(join(folder, 'Link'), 'before\n', 'after\n');
    assert.equal(readFileSync(path, 'utf8'), 'after\n');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')));
  });

  test('leaves a file that changed, or is no UTF-8', () => {
    const path = join(folder, 'Other');
    writeFileSync(path, Buffer.from([0x23, 0xff, 0x0a]));
    assert.throws(() => writeFixed(path, '#\ufffd\n', 'x'), /not UTF-8 text, or changed/);
    assert.deepEqual([...readFileSync(path)], [0x23, 0xff, 0x0a]);
  });
});

test('rules are listed', () => {
  const list = ruleList();
  assert.match(list, /^DL3020 +error +fix Use COPY for files/m);
  assert.match(list, /^DL3057 +off +The stage has no HEALTHCHECK$/m);
  assert.match(list, /^FromAsCasing +warning fix The 'as' keyword/m);
});

test('rules are explained', () => {
  for (const { code } of allRules) assert.match(explainRule(code), /^# .*\n.*fix/is);
  assert.match(explainRule('dl3008'), /^# DL3008: .*\n\n.*## Reported.*## Accepted/s);
  assert.match(explainRule('StageNameCasing'), /^# StageNameCasing/);
  assert.match(explainRule('sc2086'), /shellcheck\.net\/wiki\/SC2086/);
  assert.throws(() => explainRule('DL30008'), /no such rule \(did you mean DL30\d\d\?\)/);
});
