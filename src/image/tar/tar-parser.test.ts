import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '../../core/index.ts';
import type { TarEntry } from './tar-entry.ts';
import { type NewTarEntry, tarHeader, tarPadding, tarTrailer } from './tar-header.ts';
import { createTarParser } from './tar-parser.ts';

/** A header of a plain file with bytes put over it at offsets, its checksum set right again. */
function header(
  entry: Partial<NewTarEntry>,
  patches: Record<number, string | Buffer> = {},
): Buffer {
  const block = tarHeader({ path: 'a', type: 'file', ...entry });
  for (const [offset, bytes] of Object.entries(patches)) {
    Buffer.from(bytes as string, 'latin1').copy(block, Number(offset));
  }
  let sum = 256;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

const flagged = (flag: string, content: string | Buffer, sizeField?: string) => {
  const body = Buffer.from(content as string, 'latin1');
  const patches: Record<number, string> = sizeField ? { 156: flag, 124: sizeField } : { 156: flag };
  const block = header({ sizeBytes: body.length }, patches);
  return Buffer.concat([block, body, tarPadding(body.length)]);
};
const pax = (...records: string[]) => flagged('x', records.map(record).join(''));
function record(text: string): string {
  let length = text.length + 3;
  while (`${length} ${text}\n`.length !== length) length++;
  return `${length} ${text}\n`;
}
const file = header({});

function parse(...parts: Uint8Array[]): TarEntry[] {
  const entries: TarEntry[] = [];
  const parser = createTarParser({
    onEntry(entry) {
      entries.push(entry);
      return undefined;
    },
    onData: () => undefined,
  });
  for (const part of parts) parser.write(part);
  parser.end();
  return entries;
}

const base256 = (length: number, value: bigint) => {
  const bytes = Buffer.alloc(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let at = length - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  bytes[0]! |= 0x80;
  return bytes;
};

const oldSparse = (extents: [string, string][], realSize: string, stored: number) => {
  const table = extents.map(
    ([offset, size]) => `${offset.padStart(11, '0')}\0${size.padStart(11, '0')}\0`,
  );
  const patches = {
    156: 'S',
    257: 'ustar  \0',
    386: table.join(''),
    483: `${realSize.padStart(11, '0')}\0`,
  };
  return Buffer.concat([
    header({ sizeBytes: stored }, patches),
    Buffer.alloc(stored),
    tarPadding(stored),
  ]);
};
const paxSparse = (map: string, realSize: number, stored: number) =>
  Buffer.concat([
    pax(`GNU.sparse.map=${map}`, `GNU.sparse.size=${realSize}`),
    header({ sizeBytes: stored }),
    Buffer.alloc(stored),
    tarPadding(stored),
  ]);
const mapInContent = (content: string) => {
  const body = Buffer.alloc(512, content);
  body.fill(0, content.length);
  const records = ['GNU.sparse.major=1', 'GNU.sparse.minor=0', 'GNU.sparse.realsize=100'];
  return Buffer.concat([pax(...records), header({ sizeBytes: 512 }), body]);
};

const attacks: [string, Buffer[], RegExp][] = [
  ['not an archive', [Buffer.alloc(512, 'text')], /not an octal number|checksum/],
  ['shorter than a header', [Buffer.from('hello')], /cut after 5 bytes/],
  ['bad checksum', [Buffer.from(file).fill('b', 0, 1)], /checksum is \d+, its bytes give \d+/],
  [
    'letters in a number',
    [header({}, { 108: 'zzzzzzz' })],
    /"zzzzzzz\\u0000", not an octal number/,
  ],
  ['a signed number', [header({}, { 124: '-0000000001' })], /not an octal number/],
  ['negative size', [header({}, { 124: base256(12, -1n) })], /impossible size -1/],
  ['size beyond 2^53', [header({}, { 124: base256(12, 1n << 60n) })], /beyond 2\^53/],
  ['size beyond any float', [header({}, { 124: base256(12, (1n << 94n) - 1n) })], /beyond 2\^53/],
  ['negative uid', [header({}, { 108: base256(8, -5n) })], /impossible user id -5/],
  [
    'gid that chown takes for "none"',
    [header({}, { 116: base256(8, 0xffffffffn) })],
    /group id 4294967295/,
  ],
  ['negative device', [header({}, { 156: '3', 329: base256(8, -1n) })], /impossible device/],
  ['unknown type', [header({}, { 156: 'Z' })], /"a" is of the unknown type "Z"/],
  ['multi-volume part', [header({}, { 156: 'M' })], /unknown type "M"/],
  [
    'old directory with content',
    [header({ path: 'd/', sizeBytes: 5 }, { 156: '\0' })],
    /claims 5 bytes/,
  ],
  ['header cut', [file, file.subarray(0, 100)], /cut after 612 bytes, in or after "a"/],
  [
    'content cut',
    [header({ path: 'x\x1b[2Jy', sizeBytes: 9 }), Buffer.alloc(8)],
    /in or after "x\\u001b\[2Jy"/,
  ],

  ['pax header over 1 MiB', [flagged('x', '', '00020000000')], /4194304 bytes is over 1048576/],
  ['long name over 1 MiB', [flagged('L', '', '00020000000')], /over 1048576/],
  ['pax header cut', [header({ sizeBytes: 600 }, { 156: 'x' }), Buffer.alloc(512)], /cut/],
  ['pax header without a member', [pax('path=b'), Buffer.from(tarTrailer)], /without its member/],
  ['long name without a member', [flagged('L', 'b')], /without its member/],
  [
    'global headers of over 1 MiB',
    [1, 2, 3].map(() => flagged('g', record(`comment=${'c'.repeat(5e5)}`))),
    /global pax headers are over/,
  ],
  ['global path', [flagged('g', record('path=b')), file], /sets the path of every member/],
  ['global size', [flagged('g', record('size=9')), file], /sets the sizeBytes/],

  ['record longer than the header', [flagged('x', '99 path=b\n')], /length is wrong/],
  ['record of length 0', [flagged('x', '0 path=b\n')], /length is wrong/],
  ['record of negative length', [flagged('x', '-9 path=b\n')], /length is wrong/],
  [
    'record of overflowing length',
    [flagged('x', '18446744073709551626 path=b\n')],
    /length is wrong/,
  ],
  ['record shorter than its key', [flagged('x', '2 path=b\n')], /length is wrong|malformed/],
  ['record without newline', [flagged('x', '9 path=bcd')], /does not end with a newline/],
  ['record without =', [flagged('x', '7 path\n')], /has no key|length/],
  ['record without key', [flagged('x', '5 =b\n')], /has no key/],
  [
    'record reaching into the next',
    [flagged('x', '9 path=b\n9 path=c\n'.replace('9', '18'))],
    /b\\n9|path/,
  ],
  ['NUL in pax path', [pax('path=a\0b'), file], /"path" holds a NUL/],
  ['NUL in pax link', [pax('linkpath=a\0b'), file], /"linkpath" holds a NUL/],
  ['NUL in pax key', [pax('pa\0th=a'), file], /key holds a NUL/],
  ['NUL in a long name', [flagged('L', 'a\0b\0'), file], /"a\\u0000b" holds a NUL/],
  ['negative pax size', [pax('size=-1'), file], /record size has the impossible value "-1"/],
  ['fractional pax size', [pax('size=1.5'), file], /impossible value/],
  ['pax size in hexadecimal', [pax('size=0x10'), file], /impossible value/],
  ['huge pax size', [pax('size=9999999999999999999'), file], /impossible value/],
  ['pax uid out of range', [pax('uid=4294967295'), file], /impossible value/],
  ['pax mtime no number', [pax('mtime=1e99'), file], /impossible value "1e99"/],

  [
    'sparse extents overlap',
    [
      oldSparse(
        [
          ['0', '12'],
          ['5', '6'],
        ],
        '100',
        16,
      ),
    ],
    /overlaps another/,
  ],
  ['sparse extent past the end', [oldSparse([['70', '20']], '100', 16)], /passes the file's end/],
  [
    'sparse extents unlike what is stored',
    [oldSparse([['0', '20']], '100', 10)],
    /tells of 16 bytes, 10 are stored/,
  ],
  [
    'sparse negative size',
    [Buffer.concat([header({}, { 156: 'S', 257: 'ustar  \0', 483: base256(12, -1n) })])],
    /impossible size -1/,
  ],
  ['sparse map of odd count', [paxSparse('0,1,2', 10, 1)], /odd count/],
  ['sparse map with signs', [paxSparse('0,-1', 10, 1)], /impossible value/],
  ['sparse without size', [pax('GNU.sparse.map=0,0'), file], /has no size/],
  [
    'sparse format unknown',
    [pax('GNU.sparse.major=2', 'GNU.sparse.size=1'), file],
    /unknown format 2.0/,
  ],
  [
    'sparse size without offset',
    [pax('GNU.sparse.numbytes=1', 'GNU.sparse.size=1'), file],
    /lacks an offset/,
  ],
  ['sparse map that is no text', [mapInContent('1\nx\n')], /not made of decimal lines/],
  ['sparse map that never ends', [mapInContent('9\n0\n1\n')], /not made of decimal lines/],
  ['sparse map of countless extents', [mapInContent('99999999\n')], /over 1048576 sparse extents/],
  ['sparse map cut', [mapInContent('1\n'.padEnd(512, '7'))], /decimal lines|is cut/],
  ['holes without end', [paxSparse('0,1', 2 ** 50, 1)], /holes in sparse files come to over/],
];
for (const [name, parts, message] of attacks) {
  test(`attack: ${name}`, () => {
    assert.throws(
      () => parse(...parts),
      (error) =>
        error instanceof BerthError && error.kind === 'invalid' && message.test(error.message),
    );
  });
}

test('an enormous hole costs nothing to who asks for holes', () => {
  let holeBytes = 0;
  const parser = createTarParser({
    onEntry: () => undefined,
    onData: () => undefined,
    onHole: (sizeBytes) => {
      holeBytes += sizeBytes;
    },
  });
  parser.write(paxSparse('0,1', 2 ** 50, 1));
  parser.end();
  assert.equal(holeBytes, 2 ** 50 - 1);
});

const readings: [string, Buffer[], Partial<TarEntry>][] = [
  [
    'pax over header',
    [pax('path=b', 'uid=7', 'gid=8', 'mtime=-1.5', 'uname=u', 'gname=g'), file],
    { path: 'b', uid: 7, gid: 8, mtimeS: -1.5, uname: 'u', gname: 'g' },
  ],
  ['empty pax value is no value', [pax('path='), file], { path: 'a' }],
  ['last of two records', [pax('path=b', 'path=c'), file], { path: 'c' }],
  ['unknown records', [pax('comment=x', 'VENDOR.thing=1', 'atime=1'), file], { path: 'a' }],
  ['an equals sign and newline in a value', [pax('path=b=\nc'), file], { path: 'b=\nc' }],
  ['pax size over header size', [pax('size=3'), file, Buffer.alloc(512)], { sizeBytes: 3 }],
  ['long name over pax path', [pax('path=b'), flagged('L', 'c\0'), file], { path: 'c' }],
  [
    'long link',
    [flagged('K', 'far\0'), header({ type: 'symlink', linkTarget: 'near' })],
    { linkTarget: 'far' },
  ],
  ['a link target only on links', [pax('linkpath=x'), file], { linkTarget: '' }],
  [
    'global header',
    [flagged('g', record('uname=all') + record('gid=4')), pax('gid=5'), file],
    { uname: 'all', gid: 5 },
  ],
  [
    'global comment, as git archive writes',
    [flagged('g', record('comment=abc')), file],
    { path: 'a' },
  ],
  ['volume label', [flagged('V', ''), file], { path: 'a' }],
  ['contiguous file', [header({}, { 156: '7' })], { type: 'file' }],
  [
    'size of a directory is not content',
    [header({ type: 'directory' }, { 124: '00000000777' }), file],
    { path: 'a/', sizeBytes: 0 },
  ],
  [
    'v7 directory',
    [header({ path: 'd/' }, { 156: '\0', 257: '\0\0\0\0\0\0' })],
    { type: 'directory', uname: '' },
  ],
  ['spaces round numbers', [header({}, { 108: '   42 \0 ' })], { uid: 0o42 }],
  ['base-256 size', [header({}, { 124: base256(12, 5n) }), Buffer.alloc(512)], { sizeBytes: 5 }],
  ['time before 1970', [header({}, { 136: base256(12, -86400n) })], { mtimeS: -86400 }],
  ['file type bits in the mode', [header({}, { 100: '0104755' })], { mode: 0o4755 }],
  ['ustar prefix', [header({}, { 345: 'some/where' })], { path: 'some/where/a' }],
  [
    'star prefix',
    [header({}, { 345: 'p'.repeat(131), 476: '00000000000 00000000000 ', 508: 'tar\0' })],
    { path: `${'p'.repeat(131)}/a` },
  ],
  [
    'no prefix in GNU headers',
    [header({}, { 257: 'ustar  \0', 345: '00000000000' })],
    { path: 'a' },
  ],
  ['name that fills its field', [header({}, { 0: 'n'.repeat(100) })], { path: 'n'.repeat(100) }],
];
for (const [name, parts, expected] of readings) {
  test(`reading: ${name}`, () => {
    const entry = parse(...parts)[0]!;
    assert.deepEqual(
      Object.fromEntries(Object.keys(expected).map((key) => [key, entry[key as keyof TarEntry]])),
      expected,
    );
  });
}

test('signed checksums of old tars are taken', () => {
  const block = header({ path: 'ü' });
  let sum = 256;
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += block.readInt8(at);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  assert.equal(parse(block)[0]!.path, 'ü');
});

test('extended attributes: binary, empty, and not shared between members', () => {
  const binary = Buffer.from([1, 0, 255, 10]);
  const key = ' SCHILY.xattr.security.raw=';
  const records = Buffer.concat([
    Buffer.from(`${2 + key.length + binary.length + 1}${key}`),
    binary,
    Buffer.from(`\n${record('SCHILY.xattr.user.none=')}`),
  ]);
  const [first, second] = parse(flagged('x', records), file, file);
  assert.deepEqual([...first!.xattrs.keys()], ['security.raw', 'user.none']);
  assert.deepEqual(Buffer.from(first!.xattrs.get('security.raw')!), binary);
  assert.equal(first!.xattrs.get('user.none')!.length, 0);
  assert.equal(second!.xattrs.size, 0);
});

test('events: skipped content stays silent, the rest comes in order with its place', () => {
  const log: string[] = [];
  const archive = Buffer.concat([
    header({ path: 'skipped', sizeBytes: 600 }),
    Buffer.alloc(1024, 's'),
    header({ path: 'read', sizeBytes: 3 }),
    Buffer.from('abc'),
    tarPadding(3),
    header({ path: 'empty' }),
    tarTrailer,
  ]);
  const parser = createTarParser({
    onEntry(entry, stored) {
      log.push(`${entry.path} at ${stored.offset}`);
      return entry.path === 'skipped' ? 'skip' : undefined;
    },
    onData: (bytes) => void log.push(`data ${bytes}`),
    onEnd: (entry) => void log.push(`end ${entry.path}`),
  });
  for (const byte of archive) parser.write(Uint8Array.of(byte));
  parser.end();
  assert.deepEqual(log, [
    'skipped at 512',
    'read at 2048',
    'data a',
    'data b',
    'data c',
    'end read',
    'empty at 3072',
    'end empty',
  ]);
});

test('content is handed on without copying', () => {
  const archive = Buffer.concat([header({ sizeBytes: 3 }), Buffer.from('abc'), tarPadding(3)]);
  createTarParser({
    onEntry: () => undefined,
    onData: (bytes) => assert.equal(bytes.buffer, archive.buffer),
  }).write(archive);
});

test('random damage never does worse than an invalid error', () => {
  const archive = Buffer.concat([
    pax('path=b', 'size=3'),
    file,
    Buffer.alloc(512),
    flagged('L', 'long\0'),
    file,
    oldSparse([['0', '20']], '100', 16),
    paxSparse('0,8,16,8', 30, 16),
    mapInContent('1\n0\n0\n'),
  ]);
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let round = 0; round < 3000; round++) {
    const damaged = Buffer.from(archive);
    for (let i = 0; i <= random(4); i++) damaged[random(damaged.length)] = random(256);
    // A repaired checksum lets the damage through to what comes after it.
    for (let at = 0; at < damaged.length; at += 512) {
      if (damaged[at + 257] !== 0x75) continue;
      let sum = 256;
      for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += damaged[at + i]!;
      damaged.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    }
    try {
      parse(damaged);
    } catch (error) {
      assert.ok(error instanceof BerthError && error.kind === 'invalid', String(error));
    }
  }
});
