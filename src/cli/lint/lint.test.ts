import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
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
import { configCandidates } from './config-candidates.ts';
import { findConfigFile, parseConfig } from './config-file.ts';
import { environmentConfig } from './environment.ts';
import { lintExitStatus } from './exit-status.ts';
import { explainRule, ruleList } from './explain.ts';
import { fixInput, writeFixed } from './fix-files.ts';
import { type ConfigFlags, flagsConfig } from './flags-config.ts';
import { mergeConfig } from './lint-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-lint-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const noFlags: ConfigFlags = {
  fail: true,
  color: true,
  error: [],
  warning: [],
  info: [],
  style: [],
  ignore: [],
  trustedRegistry: [],
  allowedRegistry: [],
  requireLabel: [],
};

describe('configuration', () => {
  const parsed = (text: string) => parseConfig(text, 'c.yaml');

  test('every option of the file', () => {
    const { config, unknownKeys } = parsed(`
ignored: [DL3000, SC1010]
override: { error: [DL3001], warning: [DL3002], info: [DL3003], style: [DL3004], ignore: [DL3005] }
trustedRegistries: docker.io
allowedRegistries: ["*.example.com"]
label-schema: { author: text, version: semver }
strict-labels: true
failure-threshold: warning
no-fail: true
no-color: true
format: json
disable-ignore-pragma: true
else: 1
`);
    assert.deepEqual(unknownKeys, ['else']);
    assert.deepEqual(mergeConfig([config]), {
      noFail: true,
      noColor: true,
      verbose: false,
      format: 'json',
      failureThreshold: 'warning',
      options: {
        ignored: new Set(['DL3000', 'SC1010', 'DL3005']),
        severities: new Map<string, Severity>([
          ['DL3004', 'style'],
          ['DL3003', 'info'],
          ['DL3002', 'warning'],
          ['DL3001', 'error'],
        ]),
        trustedRegistries: ['docker.io', '*.example.com'],
        labelSchema: new Map([
          ['author', 'text'],
          ['version', 'semver'],
        ]),
        strictLabels: true,
        disableIgnorePragma: true,
      },
    });
  });

  test('flags win over the environment, and that over the file; lists are joined', () => {
    const merged = mergeConfig([
      flagsConfig({ ...noFlags, ignore: ['A'], error: ['X'], failureThreshold: 'error' }),
      environmentConfig({
        HADOLINT_IGNORE: 'B, C',
        HADOLINT_FORMAT: 'gnu',
        HADOLINT_FAILURE_THRESHOLD: 'style',
        HADOLINT_OVERRIDE_STYLE: 'X,Y',
        HADOLINT_NOFAIL: 'yes',
        HADOLINT_STRICT_LABELS: '0',
        HADOLINT_REQUIRE_LABELS: 'a:text,b:bogus',
        HADOLINT_TRUSTED_REGISTRIES: 'r',
        NO_COLOR: '1',
      }),
      parsed('ignored: [D]\nformat: json\nstrict-labels: true\noverride: { info: [Y, Z] }\n')
        .config,
    ]);
    assert.deepEqual([...merged.options.ignored], ['A', 'B', 'C', 'D']);
    assert.equal(merged.failureThreshold, 'error');
    assert.equal(merged.format, 'gnu');
    assert.equal(merged.noFail, true);
    assert.equal(merged.noColor, true);
    assert.equal(merged.options.strictLabels, false);
    assert.deepEqual([...merged.options.labelSchema], [['a', 'text']]);
    assert.deepEqual(merged.options.trustedRegistries, ['r']);
    assert.deepEqual(
      ['X', 'Y', 'Z'].map((code) => merged.options.severities.get(code)),
      ['error', 'style', 'info'],
    );
  });

  const wrong: [text: string, message: RegExp][] = [
    ['- a', /expected a map/],
    ['ignored: { a: 1 }', /ignored should be a list/],
    ['no-fail: perhaps', /no-fail should be true or false/],
    ['format: bogus', /format cannot be "bogus"/],
    ['failure-threshold: high', /failure-threshold cannot be "high"/],
    ['label-schema: { a: bogus }', /label-schema: a cannot be of type bogus/],
    ['override: [a]', /override should be a map/],
    ['a: &a [x]\nb: *a', /^read configuration c\.yaml: /],
    ['a: [', /^read configuration c\.yaml: /],
  ];
  for (const [text, message] of wrong) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parsed(text), { message }));
  }

  test('an empty file says nothing', () => assert.deepEqual(parsed('').unknownKeys, []));

  test('where it is looked for, the first alone being read', () => {
    const home = join(folder, 'home');
    const here = join(folder, 'here');
    const candidates = configCandidates(here, { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg') });
    assert.deepEqual(
      candidates.filter((path) => path.endsWith('.yaml')).map((path) => path.slice(folder.length)),
      [
        '/here/.hadolint.yaml',
        '/home/xdg/hadolint.yaml',
        '/home/.config/hadolint.yaml',
        '/home/.hadolint/hadolint.yaml',
        '/home/.hadolint/config.yaml',
        '/home/hadolint/config.yaml',
        '/home/.hadolint.yaml',
      ],
    );
    assert.equal(findConfigFile(undefined, candidates), undefined);
    mkdirSync(join(home, '.config'), { recursive: true });
    writeFileSync(join(home, '.hadolint.yml'), 'ignored: [LAST]\n');
    writeFileSync(join(home, '.config/hadolint.yml'), 'ignored: [FIRST]\n');
    assert.deepEqual(findConfigFile(undefined, candidates)?.config.ignored, ['FIRST']);
    assert.throws(() => findConfigFile(join(folder, 'none.yaml'), candidates), /none\.yaml/);
  });

  test('flags that make no sense are refused', () => {
    assert.throws(
      () => flagsConfig({ ...noFlags, failureThreshold: 'x' }),
      /failure-threshold "x"/,
    );
    assert.throws(() => flagsConfig({ ...noFlags, requireLabel: ['a:b'] }), /require-label "a:b"/);
  });
});

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

  test('what is ignored or cannot be parsed is left alone', () => {
    const fixed = (text: string) => fixInput({ name: 'D', text }, options).text;
    const silenced = 'FROM a:1\n# hadolint ignore=DL3020\nADD a /b\n';
    assert.equal(fixed(silenced), silenced);
    const broken = 'FROM a:1\nRUNN\nADD a /b\n';
    assert.equal(fixed(broken), broken);
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
  for (const { code } of allRules) assert.match(explainRule(code), /^# .*\n[^]*[Ff]ix/);
  assert.match(explainRule('dl3008'), /^# DL3008: .*\n\n.*## Reported.*## Accepted/s);
  assert.match(explainRule('StageNameCasing'), /^# StageNameCasing/);
  assert.match(explainRule('sc2086'), /shellcheck\.net\/wiki\/SC2086/);
  assert.throws(() => explainRule('DL30008'), /no such rule \(did you mean DL30\d\d\?\)/);
});
