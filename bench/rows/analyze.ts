import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ByteStream, finishDigest } from '../../src/core/index.ts';
import {
  appendLayer,
  compress,
  copyImage,
  emptyImage,
  imageSource,
  type Layer,
  layerMediaType,
  layoutSink,
  type NewTarMember,
  writeTar,
} from '../../src/image/index.ts';
import { run } from '../processes.ts';
import { type Row, timed } from '../row.ts';

const berth = join(import.meta.dirname, '../../bin/berth');
const layerCount = 10;

/** `berth analyze` against the physical limit, `gunzip -t` of the same layers one after the other. */
function analysis(name: string, sizeBytes: number, options: Pick<Row, 'onlyByName'> = {}): Row {
  let layers: string[] = [];
  return {
    name,
    goal: 1.2,
    ...options,
    async prepare({ folder }) {
      layers = await makeLayout(join(folder, name), sizeBytes);
    },
    sides: {
      berth: ({ folder }) =>
        timed(() =>
          run(berth, ['analyze', '--no-interactive', join(folder, name, 'layout')], { CI: '' }),
        ),
      gunzip: () =>
        timed(() => run('sh', ['-ec', 'for layer; do gunzip -t <"$layer"; done', 'sh', ...layers])),
    },
    cleanUp: ({ folder }) => rm(join(folder, name), { recursive: true }),
  };
}

/** The most memory that the analysis of an image holds, against that of one ten times smaller. */
const memory: Row = {
  name: 'memory of the analysis of 500 MB, by 50 MB',
  goal: 1.5,
  unit: 'MB',
  prepare: ({ folder }) =>
    Promise.all([
      makeLayout(join(folder, 'large'), 500e6),
      makeLayout(join(folder, 'small'), 50e6),
    ]),
  sides: {
    berth: ({ folder }) => peakMegabytes(join(folder, 'large/layout')),
    '50 MB': ({ folder }) => peakMegabytes(join(folder, 'small/layout')),
  },
  cleanUp: ({ folder }) =>
    Promise.all(['large', 'small'].map((name) => rm(join(folder, name), { recursive: true }))),
};

/** The kernel's own mark of the most a process has held, read as long as it lives. */
async function peakMegabytes(layout: string): Promise<number> {
  const child = spawn(berth, ['analyze', '--no-interactive', layout], {
    env: { ...process.env, CI: '' },
    stdio: 'ignore',
  });
  let peakKilobytes = 0;
  const timer = setInterval(() => {
    const path = `/proc/${child.pid}/status`;
    const status = existsSync(path) ? readFileSync(path, 'utf8') : '';
    peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? 0));
  }, 10);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`berth analyze ${layout}: exit ${code}`);
  return peakKilobytes / 1000;
}

/** A layout with an image of ten gzip layers that hold so many bytes in all; gives their paths. */
async function makeLayout(folder: string, sizeBytes: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  let image = emptyImage({ os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64' });
  const stored: string[] = [];
  for (let index = 0; index < layerCount; index++) {
    const path = join(folder, `layer-${index}`);
    const layer = await makeLayer(path, files(index, sizeBytes / layerCount));
    image = appendLayer(image, layer, { created_by: `COPY layer-${index} /` });
    stored.push(path);
  }
  const source = imageSource(image);
  await copyImage({ source, sink: layoutSink(join(folder, 'layout')), tags: ['bench'] });
  return stored;
}

async function makeLayer(path: string, members: Iterable<NewTarMember>): Promise<Layer> {
  const [plain, packed] = [createHash('sha256'), createHash('sha256')];
  const hashing = async function* (stream: ByteStream, hash: typeof plain): ByteStream {
    for await (const chunk of stream) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const archive = hashing(writeTar(members), plain);
  await pipeline(hashing(compress(archive, 'gzip'), packed), createWriteStream(path));
  const { size } = await stat(path);
  return {
    descriptor: { mediaType: layerMediaType('gzip'), digest: finishDigest(packed), size },
    diffId: finishDigest(plain),
    open: ({ offset }) => createReadStream(path, { start: offset }),
  };
}

/** Files as a system has them: mostly small, half text and half what hardly compresses. */
function* files(layer: number, sizeBytes: number): Generator<NewTarMember> {
  const random = randomNumbers(layer + 1);
  let left = sizeBytes;
  for (let index = 0; left > 0; index++) {
    const size = Math.min(left, index % 50 === 0 ? 1_000_000 : 1000 + (random() % 30_000));
    const path = `usr/lib/part-${index % 100}/${layer % 2 === 0 ? 'even' : 'odd'}-${index}`;
    const content = index % 2 === 0 ? text(size, random) : noise(size, random);
    yield { entry: { path, type: 'file', sizeBytes: size }, content: [content] };
    left -= size;
  }
}

function text(sizeBytes: number, random: () => number): Buffer {
  const words = 'the of library version package install return function value error '.split(' ');
  let line = '';
  while (line.length < sizeBytes) {
    const word = words[random() % words.length]!;
    line += random() % 3 === 0 ? `${word}_${random() % 1000}\n` : `${word} `;
  }
  return Buffer.from(line.slice(0, sizeBytes));
}

function noise(sizeBytes: number, random: () => number): Buffer {
  const values = Uint32Array.from({ length: Math.ceil(sizeBytes / 4) }, random);
  // The top bits are the same, as in machine code: it shrinks a little.
  for (let at = 0; at < values.length; at += 2) values[at]! &= 0x00ff0fff;
  return Buffer.from(values.buffer).subarray(0, sizeBytes);
}

/** Xorshift: the same numbers for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export const analyzeRows: Row[] = [
  analysis('analysis of a 500 MB image', 500e6),
  analysis('analysis of a 5 GB image', 5e9, { onlyByName: true }),
  memory,
];
