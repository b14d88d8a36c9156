import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHttpAddress, parseGitAddress, withoutLogins } from './git-address.ts';

test('git addresses', () => {
  const cases: [text: string, remote: string, ref: string, subdirectory: string][] = [
    ['https://example.com/a/b.git', 'https://example.com/a/b.git', '', ''],
    ['https://example.com/b.git#main:docker', 'https://example.com/b.git', 'main', 'docker'],
    ['https://example.com/b.git#:sub', 'https://example.com/b.git', '', 'sub'],
    ['https://example.com/b.git?ref=v1&subdir=x', 'https://example.com/b.git', 'v1', 'x'],
    ['git://example.com/b', 'git://example.com/b', '', ''],
    ['git@example.com:a/b.git#v1', 'git@example.com:a/b.git', 'v1', ''],
    ['ssh://git@example.com/a/b', 'ssh://git@example.com/a/b', '', ''],
    ['github.com/moby/buildkit', 'https://github.com/moby/buildkit', '', ''],
  ];
  for (const [text, remote, ref, subdirectory] of cases) {
    const address = parseGitAddress(text);
    assert.ok(address, text);
    assert.equal(address.remote, remote);
    assert.equal(address.ref, ref);
    assert.equal(address.subdirectory, subdirectory);
  }
  assert.equal(parseGitAddress('github.com/a/b')?.looksLocal, true);
  assert.equal(parseGitAddress('https://h/b.git?keep-git-dir=true')?.keepGitDir, true);
});

test('what is no git address', () => {
  for (const text of ['a/b.git', './x.git', 'https://example.com/file.tar.gz', 'file:///x.git']) {
    assert.equal(parseGitAddress(text), undefined, text);
  }
  assert.equal(isHttpAddress('https://example.com/file.tar.gz'), true);
  assert.equal(isHttpAddress('https://example.com/b.git'), false);
  assert.equal(isHttpAddress('http/x'), false);
});

test('contradictions are refused', () => {
  assert.throws(() => parseGitAddress('https://h/b.git?ref=a#b'), { kind: 'invalid' });
  assert.throws(() => parseGitAddress('https://h/b.git?ref=a&tag=b'), /more than one ref/);
  assert.throws(() => parseGitAddress('https://h/b.git?depth=1'), /unexpected query depth/);
});

for (const [text, shown] of [
  ['https://user:pa55@h/x', 'https://xxxxx:xxxxx@h/x'],
  ['https://t0ken@h:1/x.git#v1', 'https://xxxxx@h:1/x.git#v1'],
  ['https://:pa55@h/x', 'https://:xxxxx@h/x'],
  ['ssh://git@h/x', 'ssh://git@h/x'],
  ['ssh://git:pa55@h/x', 'ssh://git:xxxxx@h/x'],
  ['git@h:x.git', 'git@h:x.git'],
  ['https://h/a@b', 'https://h/a@b'],
  ['https://h?to=a@b', 'https://h?to=a@b'],
  ['ADD http://a:b@h/1 HTTP://c@h/2 /x', 'ADD http://xxxxx:xxxxx@h/1 HTTP://xxxxx@h/2 /x'],
  [`https://${'a'.repeat(100_000)}`, `https://${'a'.repeat(100_000)}`],
] as const) {
  test(`no login shows in ${text.slice(0, 60)}`, () => assert.equal(withoutLogins(text), shown));
}
