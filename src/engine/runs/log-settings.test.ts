import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logSettings } from './log-settings.ts';

const container = {
  id: 'ab'.repeat(32),
  name: 'web',
  config: { Image: 'nginx', Labels: { b: '2', a: '1', other: 'x' }, Env: ['V=1', 'W=2', 'X'] },
};
const settings = (Type: string | undefined, Config: Record<string, string> = {}) =>
  logSettings({ LogConfig: { Type, Config } }, container);

describe('logSettings', () => {
  it('keeps one file without bound unless told otherwise', () => {
    const expected = { maxSizeBytes: undefined, maxFiles: 1, compress: false, attributes: '' };
    assert.deepEqual(settings(undefined), expected);
    assert.deepEqual(settings('json-file'), expected);
    assert.equal(settings('none'), undefined);
  });

  it('gives local its own limits', () => {
    assert.deepEqual(settings('local'), {
      maxSizeBytes: 20_000_000,
      maxFiles: 5,
      compress: true,
      attributes: '',
    });
  });

  it('reads sizes and counts', () => {
    const read = settings('json-file', { 'max-size': '10k', 'max-file': '3', compress: 'true' });
    assert.deepEqual([read?.maxSizeBytes, read?.maxFiles, read?.compress], [10_000, 3, true]);
  });

  it('puts labels, variables and a tag into each entry, sorted', () => {
    const read = settings('json-file', {
      labels: 'b,none',
      'labels-regex': '^a',
      env: 'W',
      'env-regex': 'V',
      tag: '{{.Name}}/{{ .ID }}/{{.ImageName}}',
    });
    assert.equal(
      read?.attributes,
      '{"V":"1","W":"2","a":"1","b":"2","tag":"web/abababababab/nginx"}',
    );
  });

  for (const [what, type, options, message] of [
    ['an unknown driver', 'syslog', {}, "logger: no log driver named 'syslog' is registered"],
    ['an unknown option', 'json-file', { x: '1' }, "unknown log opt 'x' for json-file log driver"],
    ['no files', 'json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
    ['no size', 'json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
    ['a size that is none', 'json-file', { 'max-size': 'big' }, "invalid size: 'big'"],
    ['a bad pattern', 'json-file', { 'env-regex': '(' }, 'invalid log option pattern: "("'],
    [
      'a field nobody knows',
      'json-file',
      { tag: '{{.Nope}}' },
      'invalid log tag: unknown field "Nope"',
    ],
    [
      'compressing the only file',
      'json-file',
      { compress: 'true' },
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => settings(type, options), { kind: 'invalid', message });
    });
  }
});
