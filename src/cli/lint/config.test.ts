import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Severity } from '../../dockerfile/lint/index.ts';
import { configCandidates } from './config-candidates.ts';
import { findConfigFile, parseConfig } from './config-file.ts';
import { environmentConfig } from './environment.ts';
import { type ConfigFlags, flagsConfig } from './flags-config.ts';
import { mergeConfig, type PartialConfig } from './lint-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-lint-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Nine levels of nine aliases each. */
const bomb = [...'abcdefghi']
  .map((name, level) => {
    const inner = level === 0 ? 'x' : `*${'abcdefghi'[level - 1]}`;
    return `${name}: &${name} [${Array(9).fill(inner).join(', ')}]`;
  })
  .join('\n');

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
    ['a: [', /^read configuration c\.yaml: /],
    ['a: 1\na: 2', /keys must be unique/],
    ['a: 1\n---\na: 1', /multiple documents/],
    ['ignored: !!js/function x', /Unresolved tag/],
    [bomb, /resource exhaustion/],
    [`a: ${'['.repeat(20_000)}`, /^read configuration c\.yaml: /],
    ...['no-fail', 'no-color', 'verbose', 'strict-labels', 'disable-ignore-pragma'].flatMap(
      (key): [string, RegExp][] =>
        ['1', '"yes"', '[true]', '{}'].map((value) => [
          `${key}: ${value}`,
          new RegExp(`${key} should be true or false`),
        ]),
    ),
    ...['ignored', 'trustedRegistries', 'allowedRegistries', 'trusted-registries'].flatMap(
      (key): [string, RegExp][] =>
        ['1', 'true', '[1]', '[[a]]', '{}'].map((value) => [
          `${key}: ${value}`,
          new RegExp(`${key} should be a list of names`),
        ]),
    ),
    ...['format', 'output-format', 'failure-threshold'].flatMap((key): [string, RegExp][] =>
      ['1', '[]', '""', 'TTY'].map((value) => [`${key}: ${value}`, new RegExp(`${key} cannot be`)]),
    ),
    ...['override', 'label-schema'].flatMap((key): [string, RegExp][] =>
      ['1', 'a', '[]'].map((value) => [`${key}: ${value}`, new RegExp(`${key} should be a map`)]),
    ),
    ['override: { error: 1 }', /override: error should be a list/],
    ['label-schema: { a: 1 }', /label-schema: a should be a list/],
  ];
  for (const [text, message] of wrong) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parsed(text), { message }));
  }

  test('anchors are understood, and a type of label may be called as in hadolint', () => {
    const { config } = parsed(
      'ignored: &some [DL3008]\noverride: { info: *some }\nlabel-schema: { a: rawtext, b: "", c: url }\n',
    );
    assert.deepEqual(config.ignored, ['DL3008']);
    assert.deepEqual(config.override?.info, ['DL3008']);
    assert.deepEqual(
      [...(config.labelSchema ?? [])],
      [
        ['a', 'text'],
        ['b', 'text'],
        ['c', 'url'],
      ],
    );
  });

  test('names of the language are names like others', () => {
    const { config, unknownKeys } = parsed(
      '__proto__: { no-fail: true }\nlabel-schema: { __proto__: text }',
    );
    assert.deepEqual(unknownKeys, ['__proto__']);
    assert.equal(config.noFail, undefined);
    assert.deepEqual([...(config.labelSchema ?? [])], [['__proto__', 'text']]);
  });

  test('a file that is too long or a folder is refused', () => {
    writeFileSync(join(folder, 'long.yaml'), '#'.repeat(1024 * 1024 + 1));
    assert.throws(
      () => findConfigFile(join(folder, 'long.yaml'), []),
      /long\.yaml: larger than 1 MiB/,
    );
    assert.throws(() => findConfigFile(folder, []), /is a directory/);
    mkdirSync(join(folder, 'x/.hadolint.yaml'), { recursive: true });
    assert.equal(findConfigFile(undefined, [join(folder, 'x/.hadolint.yaml')]), undefined);
  });

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

  test('every variable of the environment, and what it says when it is none of its kind', () => {
    const cases: [name: string, value: string, key: keyof PartialConfig, expected: unknown][] = [
      ['HADOLINT_NOFAIL', '1', 'noFail', true],
      ['HADOLINT_NOFAIL', '0', 'noFail', false],
      ['HADOLINT_NOFAIL', 'maybe', 'noFail', false],
      ['NO_COLOR', 'n', 'noColor', true],
      ['NO_COLOR', '', 'noColor', undefined],
      ['HADOLINT_VERBOSE', 'ON', 'verbose', true],
      ['HADOLINT_FORMAT', 'sarif', 'format', 'sarif'],
      ['HADOLINT_FORMAT', 'bogus', 'format', undefined],
      ['HADOLINT_FAILURE_THRESHOLD', 'none', 'failureThreshold', 'none'],
      ['HADOLINT_FAILURE_THRESHOLD', 'bogus', 'failureThreshold', undefined],
      ['HADOLINT_STRICT_LABELS', 'Y', 'strictLabels', true],
      ['HADOLINT_DISABLE_IGNORE_PRAGMA', 'true', 'disableIgnorePragma', true],
      ['HADOLINT_IGNORE', 'A, ,B,', 'ignored', ['A', 'B']],
      ['HADOLINT_TRUSTED_REGISTRIES', 'a,b', 'trustedRegistries', ['a', 'b']],
      ['HADOLINT_ALLOWED_REGISTRIES', 'a', 'trustedRegistries', ['a']],
    ];
    for (const [name, value, key, expected] of cases) {
      assert.deepEqual(environmentConfig({ [name]: value })[key], expected, `${name}=${value}`);
    }
    for (const severity of ['error', 'warning', 'info', 'style'] as const) {
      const name = `HADOLINT_OVERRIDE_${severity.toUpperCase()}`;
      assert.deepEqual(environmentConfig({ [name]: 'X' }).override?.[severity], ['X']);
    }
  });

  test('flags that make no sense are refused', () => {
    assert.throws(
      () => flagsConfig({ ...noFlags, failureThreshold: 'x' }),
      /failure-threshold "x"/,
    );
    assert.throws(() => flagsConfig({ ...noFlags, requireLabel: ['a:b'] }), /require-label "a:b"/);
  });
});
