import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, digestOf, streamOf } from '../../core/index.ts';
import { readTar } from './read-tar.ts';
import { type NewTarEntry, tarHeader } from './tar-header.ts';
import { type NewTarMember, writeTar } from './write-tar.ts';

const full = (entry: NewTarEntry) => ({
  mode: { directory: 0o755, symlink: 0o777 }[entry.type as string] ?? 0o644,
  uid: 0,
  gid: 0,
  uname: '',
  gname: '',
  sizeBytes: 0,
  mtimeS: 0,
  linkTarget: '',
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
  ...entry,
});

/** What is written, how many blocks its headers take, what of it comes back different. */
const cases: [string, NewTarEntry, number, Partial<NewTarEntry>?][] = [
  [
    'plain file',
    { path: 'etc/passwd', type: 'file', mode: 0o600, uid: 1, gid: 2, mtimeS: 1.7e9 },
    1,
  ],
  ['owner names', { path: 'a', type: 'file', uname: 'root', gname: 'wheel' }, 1],
  ['directory gets its slash', { path: 'etc', type: 'directory' }, 1, { path: 'etc/' }],
  ['directory with its slash', { path: 'etc/', type: 'directory' }, 1],
  ['symlink', { path: 'a', type: 'symlink', linkTarget: '../b' }, 1],
  ['hardlink', { path: 'a', type: 'hardlink', linkTarget: 'b' }, 1],
  ['fifo', { path: 'a', type: 'fifo' }, 1],
  [
    'character device',
    { path: 'null', type: 'character-device', deviceMajor: 1, deviceMinor: 3 },
    1,
  ],
  [
    'block device',
    { path: 'sda', type: 'block-device', deviceMajor: 259, deviceMinor: 1048575 },
    1,
  ],
  ['setuid, setgid, sticky', { path: 'a', type: 'file', mode: 0o7777 }, 1],
  ['name of 100 bytes', { path: 'n'.repeat(100), type: 'file' }, 1],
  ['name of 101 bytes', { path: 'n'.repeat(101), type: 'file' }, 3],
  ['prefix and name', { path: `${'p'.repeat(155)}/${'n'.repeat(100)}`, type: 'file' }, 1],
  ['prefix too long', { path: `${'p'.repeat(156)}/${'n'.repeat(100)}`, type: 'file' }, 3],
  ['slash only at the end', { path: `${'p'.repeat(120)}/`, type: 'directory' }, 3],
  ['very long path', { path: 'd/'.repeat(2000), type: 'directory' }, 10],
  ['unicode name', { path: 'ümläut/名前', type: 'file' }, 1],
  ['unicode name cut by the field', { path: 'ü'.repeat(51), type: 'file' }, 3],
  ['name that is not UTF-8', { path: 'a\udcff\udc80b', type: 'file' }, 1],
  ['long name that is not UTF-8', { path: `\udcff${'n'.repeat(100)}`, type: 'file' }, 3],
  ['link target of 100 bytes', { path: 'a', type: 'symlink', linkTarget: 't'.repeat(100) }, 1],
  ['link target of 101 bytes', { path: 'a', type: 'symlink', linkTarget: 't'.repeat(101) }, 3],
  ['largest octal ids', { path: 'a', type: 'file', uid: 0o7777777, gid: 0o7777777 }, 1],
  ['big ids', { path: 'a', type: 'file', uid: 0o10000000, gid: 0xfffffffe }, 3],
  ['long owner name', { path: 'a', type: 'file', uname: 'u'.repeat(32) }, 3],
  ['size of 8 GiB less one', { path: 'a', type: 'file', sizeBytes: 8 * 2 ** 30 - 1 }, 1],
  ['size of 8 GiB', { path: 'a', type: 'file', sizeBytes: 8 * 2 ** 30 }, 3],
  ['fraction of a second dropped', { path: 'a', type: 'file', mtimeS: 5.75 }, 1, { mtimeS: 5 }],
  ['before 1970', { path: 'a', type: 'file', mtimeS: -5 }, 3],
  ['fraction before 1970', { path: 'a', type: 'file', mtimeS: -5.5 }, 3, { mtimeS: -6 }],
  ['far future', { path: 'a', type: 'file', mtimeS: 2 ** 34 }, 3],
  [
    'extended attributes',
    {
      path: 'a',
      type: 'file',
      xattrs: new Map([
        ['user.b', Buffer.from([0, 255, 10])],
        ['user.a', Buffer.alloc(0)],
      ]),
    },
    3,
  ],
];
for (const [name, entry, blocks, changed] of cases) {
  test(`write and read back: ${name}`, async () => {
    const header = tarHeader(entry);
    assert.equal(header.length, blocks * 512);
    // Cut before the content, which for 8 GiB is not made here.
    const { value } = await readTar(streamOf(header)).next();
    const xattrs = new Map([...(entry.xattrs ?? [])].sort());
    assert.deepEqual(value?.entry, full({ ...entry, xattrs, ...changed }));
  });
}

test('fractions of a second are kept on demand', async () => {
  const header = tarHeader({ path: 'a', type: 'file', mtimeS: 1.7e9 + 0.125 }, { subSecond: true });
  const { value } = await readTar(streamOf(header)).next();
  assert.equal(value?.entry.mtimeS, 1.7e9 + 0.125);
  assert.equal(tarHeader({ path: 'a', type: 'file', mtimeS: 5 }, { subSecond: true }).length, 512);
});

test('the order of attributes does not matter', () => {
  const xattrs: [string, Buffer][] = [
    ['user.a', Buffer.from('1')],
    ['user.b', Buffer.from('2')],
  ];
  const write = (pairs: typeof xattrs) =>
    tarHeader({ path: 'a', type: 'file', xattrs: new Map(pairs) });
  assert.deepEqual(write(xattrs), write(xattrs.toReversed()));
});

for (const [name, entry] of [
  ['NUL in the path', { path: 'a\0b', type: 'file' }],
  ['NUL in the link target', { path: 'a', type: 'symlink', linkTarget: '\0' }],
  ['negative uid', { path: 'a', type: 'file', uid: -1 }],
  ['uid of chown(-1)', { path: 'a', type: 'file', uid: 0xffffffff }],
  ['mode with type bits', { path: 'a', type: 'file', mode: 0o100644 }],
  ['fractional size', { path: 'a', type: 'file', sizeBytes: 1.5 }],
  ['time that is no number', { path: 'a', type: 'file', mtimeS: Number.NaN }],
  ['device out of range', { path: 'a', type: 'block-device', deviceMinor: 2 ** 21 }],
  [
    'attribute name with =',
    { path: 'a', type: 'file', xattrs: new Map([['a=b', Buffer.alloc(0)]]) },
  ],
  ['lone surrogate', { path: 'a\ud800', type: 'file' }],
] as [string, NewTarEntry][]) {
  test(`refuse to write: ${name}`, () => {
    assert.throws(() => tarHeader(entry), { kind: 'invalid' });
  });
}

const members: NewTarMember[] = [
  { entry: { path: 'd', type: 'directory' } },
  { entry: { path: 'd/a', type: 'file', sizeBytes: 5 }, content: streamOf('he', '', 'llo') },
  { entry: { path: 'd/b', type: 'file', sizeBytes: 512 }, content: [Buffer.alloc(512, 'b')] },
  { entry: { path: 'd/c', type: 'hardlink', linkTarget: 'd/a' } },
];

test('an archive is written the same way for ever', async () => {
  const archive = await collect(writeTar(members), 1 << 20);
  assert.equal(archive.length, 8 * 512);
  // Layers written before a change of these bytes would no longer be found by their digest.
  assert.equal(
    digestOf(archive),
    'sha256:5bc6368f7584aabe9de47b1b4073944b7042b924b2cb3becc3fd79bdfd1f40e0',
  );
  const paths: string[] = [];
  for await (const { entry } of readTar(streamOf(archive))) paths.push(entry.path);
  assert.deepEqual(paths, ['d/', 'd/a', 'd/b', 'd/c']);
});

for (const [content, message] of [
  ['abc', /announced with 5 bytes, only 3 came/],
  ['abcdef', /announced with 5 bytes, more came/],
] as const) {
  test(`content "${content}" that is not as announced`, async () => {
    const wrong = [
      { entry: { path: 'a', type: 'file', sizeBytes: 5 }, content: streamOf(content) },
    ];
    await assert.rejects(collect(writeTar(wrong as NewTarMember[]), 1 << 20), message);
  });
}
