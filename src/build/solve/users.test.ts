import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsUserFiles, parseOwner } from './users.ts';

const files = {
  passwd:
    '# comment\nroot:x:0:0:root:/root:/bin/sh\n\napp:x:1000:100::/home/app:/bin/sh\nbad:x:a:b\n',
  group: 'root:x:0:\nstaff:x:50:app\n',
};

test('owners by name and number', () => {
  const cases: [string, number, number][] = [
    ['app', 1000, 100],
    ['app:staff', 1000, 50],
    ['app:7', 1000, 7],
    ['5', 5, 5],
    ['5:staff', 5, 50],
    ['5:6', 5, 6],
    ['', 0, 0],
    [':staff', 0, 50],
  ];
  for (const [text, uid, gid] of cases)
    assert.deepEqual(parseOwner(text, files), { uid, gid }, text);
});

test('names that are not there', () => {
  const message = 'unable to find user nobody: no matching entries in passwd file';
  assert.throws(() => parseOwner('nobody', files), { kind: 'not-found', message });
  assert.throws(() => parseOwner('app:wheel', files), /unable to find group wheel/);
  assert.throws(() => parseOwner('bad', files), /unable to find user bad/);
  assert.throws(() => parseOwner('99999999999', files), /unable to find user 99999999999/);
});

test('numbers need no files', () => {
  assert.equal(needsUserFiles('1:2'), false);
  assert.equal(needsUserFiles('1:staff'), true);
  assert.equal(needsUserFiles(''), false);
});
