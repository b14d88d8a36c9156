import assert from 'node:assert/strict';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { connect } from '../../client/index.ts';
import { parseReference } from '../../core/index.ts';
import { copyImage, imageSource, layoutSink, writeArchive } from '../../image/index.ts';
import { type OpenTargetOptions, openTarget } from './open-target.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-target-'));
const archive = join(folder, 'image.tar');
const progress: string[] = [];
let server: Server;
const pulled: string[] = [];

before(async () => {
  const image = await layeredImage([{ members: { a: 10 } }, { members: { b: 20 } }], 'gzip');
  const source = imageSource(image);
  const images = (...names: string[]) =>
    names.map((name) => ({ source, references: [parseReference(name)] }));
  await pipeline(writeArchive(images('one:1')), createWriteStream(archive));
  await pipeline(createReadStream(archive), createGzip(), createWriteStream(`${archive}.gz`));
  const other = imageSource(await layeredImage([{ members: { c: 1 } }]));
  const two = [...images('one:1'), { source: other, references: [parseReference('two:2')] }];
  await pipeline(writeArchive(two), createWriteStream(join(folder, 'two.tar')));
  await copyImage({ source, sink: layoutSink(join(folder, 'layout')), tags: ['v1'] });
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'text'), 'neither an archive nor an image\n'.repeat(100));
  server = createServer(answer).listen(join(folder, 'sock'));
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** A daemon that has `here:1`, can pull `there:1`, and knows no other image. */
function answer(
  request: { url?: string; method?: string },
  response: import('node:http').ServerResponse,
) {
  const url = new URL(request.url!, 'http://x');
  const name = decodeURIComponent(/^\/images\/(.+)\/get$/.exec(url.pathname)?.[1] ?? '');
  if (url.pathname === '/images/create') {
    const wanted = url.searchParams.get('fromImage')!;
    if (wanted === 'there:1') pulled.push(wanted);
    const error = wanted === 'there:1' ? {} : { error: `pull access denied for ${wanted}` };
    response.end(`${JSON.stringify({ status: 'Pulling' })}\r\n${JSON.stringify(error)}\r\n`);
  } else if (name === 'here:1' || pulled.includes(name)) {
    createReadStream(archive).pipe(response);
  } else {
    response.writeHead(404).end(JSON.stringify({ message: `No such image: ${name}` }));
  }
}

function options(more: Partial<OpenTargetOptions> = {}): OpenTargetOptions {
  return {
    connection: connect(`unix://${join(folder, 'sock')}`),
    stdin: Readable.from([]),
    onProgress: (line) => progress.push(line),
    ...more,
  };
}

async function opened(target: string, more: Partial<OpenTargetOptions> = {}) {
  await using found = await openTarget(target, options(more));
  return `${found.label}, ${found.image.layers.length} layers`;
}

const found: [name: string, open: () => Promise<string>, expected: string][] = [
  ['an archive', () => opened(archive), 'one:1, 2 layers'],
  ['one that is compressed', () => opened(`${archive}.gz`), 'one:1, 2 layers'],
  ['one named as such', () => opened(`docker-archive:${archive}`), 'one:1, 2 layers'],
  ["dive's way to name it", () => opened(`docker-archive://${archive}`), 'one:1, 2 layers'],
  ['standard input', () => opened('-', { stdin: createReadStream(archive) }), 'one:1, 2 layers'],
  ['one of several', () => opened(join(folder, 'two.tar'), { name: 'two:2' }), 'two:2, 1 layers'],
  ['an image of the daemon', () => opened('here:1'), 'here:1, 2 layers'],
  ['one named as such', () => opened('docker://here:1'), 'here:1, 2 layers'],
  ['one that it pulls', () => opened('there:1'), 'there:1, 2 layers'],
];
for (const [name, open, expected] of found) {
  test(`open ${name}`, async () => assert.equal(await open(), expected));
}

test('an OCI layout', async () => {
  assert.match(await opened(join(folder, 'layout')), /2 layers$/);
});

const refused: [name: string, open: () => Promise<string>, error: object][] = [
  ['text', () => opened(join(folder, 'text')), { kind: 'invalid' }],
  ['an empty stream', () => opened('-'), { kind: 'invalid', message: /unrecognized image format/ }],
  [
    'a folder of other things',
    () => opened(join(folder, 'empty')),
    { kind: 'invalid', message: /neither/ },
  ],
  [
    'a path that is not there',
    () => opened('./nowhere.tar'),
    { kind: 'invalid', message: /no such file/ },
  ],
  [
    'several images',
    () => opened(join(folder, 'two.tar')),
    { kind: 'invalid', message: /one:1, two:2/ },
  ],
  [
    'none of several',
    () => opened(join(folder, 'two.tar'), { name: 'x' }),
    { kind: 'invalid', message: /no image x among/ },
  ],
  ['an image nobody has', () => opened('nobody:1'), { message: /pull access denied for nobody:1/ }],
  ['no name', () => opened('NOT A NAME'), { kind: 'invalid', message: /invalid reference/ }],
];
for (const [name, open, error] of refused) {
  test(`refused: ${name}`, () => assert.rejects(open, error));
}
