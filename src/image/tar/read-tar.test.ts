import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BerthError, type ByteStream, streamOf } from '../../core/index.ts';
import { memberBytes } from './member-text.ts';
import { readTar } from './read-tar.ts';
import { tarHeader, tarPadding, tarTrailer } from './tar-header.ts';
import { createTarParser } from './tar-parser.ts';

/*
 * testdata/*.tar were written by GNU tar 1.34 in each of its formats from one tree of awkward
 * names, types, owners and times, and from two sparse files; *.txt say what is in them.
 * BERTH_UPDATE_GOLDEN=1 writes the latter anew.
 */
const testdata = new URL('./testdata/', import.meta.url);

async function list(stream: ByteStream): Promise<string> {
  let text = '';
  for await (const { entry, stored, content } of readTar(stream)) {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of content()) {
      sizeBytes += chunk.length;
      hash.update(chunk);
    }
    assert.equal(sizeBytes, entry.sizeBytes);
    const path = JSON.stringify(memberBytes(entry.path).toString('latin1'));
    text += `${entry.type} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${entry.uname}:${entry.gname} ${entry.mtimeS} ${path}\n`;
    if (entry.linkTarget) text += `  link ${JSON.stringify(entry.linkTarget)}\n`;
    if (entry.deviceMajor) text += `  device ${entry.deviceMajor}:${entry.deviceMinor}\n`;
    for (const [name, value] of entry.xattrs) {
      text += `  xattr ${name} ${Buffer.from(value).toString('hex')}\n`;
    }
    if (sizeBytes > 0) text += `  ${sizeBytes} bytes ${hash.digest('hex').slice(0, 16)}`;
    if (sizeBytes > 0) text += ` stored ${stored.sizeBytes} at ${stored.offset}\n`;
  }
  return text;
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): ByteStream {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

for (const name of readdirSync(testdata).filter((file) => file.endsWith('.tar'))) {
  const archive = readFileSync(new URL(name, testdata));
  const golden = new URL(name.replace(/tar$/, 'txt'), testdata);
  for (const pieceBytes of [archive.length, 65536, 512, 511, 7]) {
    test(`read ${name} in pieces of ${pieceBytes}`, async () => {
      const text = await list(inPieces(archive, pieceBytes));
      if (process.env.BERTH_UPDATE_GOLDEN) writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, 'utf8'));
    });
  }
  test(`${name} cut anywhere is refused or ends between members`, () => {
    const { members, ends } = boundaries(archive);
    for (let cut = 0; cut < archive.length; cut += 97) {
      const seen: string[] = [];
      const parser = createTarParser({
        onEntry(entry) {
          seen.push(entry.path);
          return undefined;
        },
      });
      parser.write(archive.subarray(0, cut));
      try {
        parser.end();
      } catch (error) {
        assert.ok(error instanceof BerthError && error.kind === 'invalid');
        continue;
      }
      assert.deepEqual(seen, members.slice(0, seen.length));
      assert.equal(seen.length, ends.filter((end) => end <= cut).length, `cut at ${cut}`);
    }
  });
}

/** Paths of the members, and where each one's content ends. */
function boundaries(archive: Uint8Array): { members: string[]; ends: number[] } {
  const members: string[] = [];
  const ends: number[] = [];
  const parser = createTarParser({
    onEntry(entry, stored) {
      members.push(entry.path);
      ends.push(stored.offset + stored.sizeBytes);
      return 'skip';
    },
  });
  parser.write(archive);
  parser.end();
  return { members, ends };
}

test('content that nobody reads is passed over, partly read content too', async () => {
  const body = Buffer.alloc(100_000, 'x');
  const member = (path: string) => [
    tarHeader({ path, type: 'file', sizeBytes: body.length }),
    body,
    tarPadding(body.length),
  ];
  const archive = Buffer.concat([...member('a'), ...member('b'), ...member('c'), tarTrailer]);
  const seen: string[] = [];
  for await (const { entry, content } of readTar(inPieces(archive, 10_000))) {
    seen.push(entry.path);
    if (entry.path === 'b') {
      for await (const chunk of content()) {
        assert.ok(chunk.length > 0);
        break;
      }
    }
  }
  assert.deepEqual(seen, ['a', 'b', 'c']);
});

test('leaving early closes the stream', async () => {
  let closed = false;
  const archive = Buffer.concat([tarHeader({ path: 'a', type: 'file' }), tarTrailer]);
  async function* stream(): ByteStream {
    try {
      yield archive;
      yield archive;
    } finally {
      closed = true;
    }
  }
  for await (const { entry } of readTar(stream())) {
    assert.equal(entry.path, 'a');
    break;
  }
  assert.ok(closed);
});

test('empty stream, bare trailer and what follows it', async () => {
  assert.equal(await list(streamOf()), '');
  assert.equal(await list(streamOf(tarTrailer)), '');
  assert.equal(await list(streamOf(tarTrailer, 'not a header at all')), '');
});
