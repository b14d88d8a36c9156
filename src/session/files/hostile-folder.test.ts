import assert from 'node:assert/strict';
import { performServerHandshake } from 'node:http2';
import { describe, test } from 'node:test';
import type { RemoteFiles } from '../../build/index.ts';
import type { Call } from '../grpc/byte-call.ts';
import { openChannel } from '../grpc/channel.ts';
import { serveGrpc } from '../grpc/serve.ts';
import { socketPair } from '../socket-pair.ts';
import { goFileMode } from './file-mode.ts';
import {
  decodePacket,
  encodeData,
  encodeError,
  encodeFinish,
  encodeListingEnd,
  encodeStat,
  packetType,
  type Stat,
} from './packet.ts';
import { diffCopyPath, remoteFolder } from './remote-folder.ts';

const stat = (path: string, more: Partial<Stat> = {}): Buffer =>
  encodeStat({
    path,
    mode: goFileMode('file', 0o644),
    uid: 0,
    gid: 0,
    sizeBytes: 1,
    mtimeNs: 0n,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    ...more,
  });
const folder = (path: string) => stat(path, { mode: goFileMode('directory', 0o755) });

/** An exchange with a client that does as it likes. */
async function against(
  handler: (call: Call) => Promise<void>,
  work: (files: RemoteFiles) => Promise<unknown>,
  mostEntries?: number,
): Promise<unknown> {
  using pair = await socketPair();
  await using _server = serveGrpc(pair.far, { [diffCopyPath]: handler });
  await using channel = openChannel(pair.near);
  const remote = remoteFolder(channel, { name: 'x', key: 'k', isOffered: true, mostEntries });
  await using files = await remote.open({ exclude: [] }, new AbortController().signal);
  return await work(files);
}

const list = async (files: RemoteFiles) => (await Array.fromAsync(files.entries)).flat();

/** Sends packets, then waits for the end of the call. */
const sends =
  (...packets: Uint8Array[]) =>
  async (call: Call) => {
    await call.send(packets);
    for await (const _ of call.messages);
  };

describe('listings that are refused', () => {
  const cases: [string, Uint8Array[], RegExp][] = [
    ['an absolute path', [stat('/etc/passwd')], /"\/etc\/passwd": it is absolute/],
    ['a path that leaves the folder', [stat('../x')], /it is not clean/],
    ['one that leaves it on the way', [folder('a'), stat('a/../../x')], /it is not clean/],
    ['a dot', [stat('.')], /it is not clean/],
    ['an empty name', [folder('a'), stat('a//b')], /it is not clean/],
    ['a slash at the end', [folder('a/')], /it is not clean/],
    ['no path', [stat('')], /it is empty/],
    ['a zero byte', [stat('a\0b')], /zero byte/],
    ['a name that is too long', [stat('n'.repeat(256))], /too long/],
    ['a path that is too long', [stat(`${'n/'.repeat(2100)}x`)], /too long/],
    ['a path twice', [stat('a'), stat('a')], /it comes after "a"/],
    ['a wrong order', [stat('b'), stat('a')], /it comes after "b"/],
    ['a folder visited again', [folder('a'), stat('b'), stat('a/x')], /folder was not listed/],
    ['a file below a file', [stat('a'), stat('a/b')], /folder was not listed/],
    [
      'a file below a link',
      [stat('a', { mode: goFileMode('symlink', 0o777), linkTarget: '/etc' }), stat('a/b')],
      /folder was not listed/,
    ],
    ['a missing folder', [stat('a/b')], /folder was not listed/],
    ['a size beyond reason', [encodeHugeSize()], /the size of "a"/],
    [
      'a hard link to what was not listed',
      [stat('a', { linkTarget: '../../etc/shadow' })],
      /not listed before/,
    ],
    ['entries after the end', [encodeListingEnd(), stat('a')], /after the end/],
    ['bytes nobody asked for', [stat('a'), encodeData(0, Buffer.from('x'))], /not asked for/],
    ['an unknown packet', [Buffer.from([8, 99])], /unknown type 99/],
    ['no packet', [Buffer.from('garbage')], /decode message/],
    ['an error of the client', [encodeError('disk on fire')], /the client says: disk on fire/],
  ];
  for (const [name, packets, message] of cases) {
    test(name, async () => {
      await assert.rejects(against(sends(...packets), list), { kind: 'invalid', message });
    });
  }

  test('one without end', async () => {
    const endless = async (call: Call) => {
      for (let i = 0; !call.signal.aborted; i++) {
        await call.send([stat(`f${String(i).padStart(9, '0')}`)]);
      }
    };
    await assert.rejects(against(endless, list, 1000), /more than 1000 entries/);
  });

  test('one that just ends', async () => {
    await assert.rejects(
      against(async (call) => void (await call.send([stat('a')])), list),
      /ended before all was read/,
    );
  });
});

/** A stat of "a" whose size is 2^60. */
function encodeHugeSize(): Buffer {
  return stat('a', { sizeBytes: 2 ** 60 });
}

describe('contents', () => {
  /** Answers each request with these packets. */
  const answering =
    (sizeBytes: number, answer: (id: number) => Iterable<Uint8Array>) => async (call: Call) => {
      await call.send([stat('a', { sizeBytes }), encodeListingEnd()]);
      for await (const batch of call.messages) {
        for (const message of batch) {
          const { type, id } = decodePacket(message);
          if (type !== packetType.request) {
            await call.send([encodeFinish()]);
            return;
          }
          for (const packet of answer(id)) {
            if (call.signal.aborted) return;
            await call.send([packet]);
          }
        }
      }
    };
  const readA = async (files: RemoteFiles) => {
    await list(files);
    const batches = await Array.fromAsync(files.read(['a']));
    return Buffer.concat(batches.flat().map(({ bytes }) => bytes)).toString();
  };
  const end = Buffer.alloc(0);

  test('a file that grew is as long as it was listed', async () => {
    const answer = (id: number) => [
      encodeData(id, Buffer.from('he')),
      encodeData(id, Buffer.from('llo, world')),
      encodeData(id, Buffer.from('!')),
      encodeData(id, end),
    ];
    assert.equal(await against(answering(5, answer), readA), 'hello');
  });

  test('a file that shrank is what is there', async () => {
    const answer = (id: number) => [encodeData(id, Buffer.from('he')), encodeData(id, end)];
    assert.equal(await against(answering(5, answer), readA), 'he');
  });

  test('a file without end is refused', async () => {
    const answer = function* (id: number) {
      for (;;) yield encodeData(id, Buffer.alloc(1 << 20));
    };
    await assert.rejects(against(answering(5, answer), readA), /"a" is far longer than/);
  });

  test('bytes of another file are refused', async () => {
    const other = (id: number) => [encodeData(id + 1, Buffer.from('x'))];
    await assert.rejects(against(answering(1, other), readA), /not asked for/);
  });

  test('only what was listed can be asked for, and once', async () => {
    const answer = (id: number) => [encodeData(id, end)];
    await against(answering(1, answer), async (files) => {
      await list(files);
      assert.throws(() => files.read(['b']), /no file that was listed/);
      files.read(['a']);
      assert.throws(() => files.read(['a']), /was read before/);
    });
  });

  for (const [name, head] of [
    ['that claims gigabytes', [0, 255, 255, 255, 255]],
    ['that is compressed', [1, 0, 0, 0, 1, 0]],
  ] as const) {
    test(`a message ${name} ends the call`, async () => {
      using pair = await socketPair();
      const session = performServerHandshake(pair.far);
      session.on('error', () => {});
      session.on('stream', (stream) => {
        stream.on('error', () => {});
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(Buffer.from(head));
      });
      await using channel = openChannel(pair.near);
      const remote = remoteFolder(channel, { name: 'x', key: 'k', isOffered: true });
      await using files = await remote.open({ exclude: [] }, new AbortController().signal);
      await assert.rejects(list(files), /is more than is allowed|is compressed/);
    });
  }
});
