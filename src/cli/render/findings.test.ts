import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../../image/analysis/index.ts';
import { renderAnalysis } from './analysis.ts';

type Layers = { line: string; members: Record<string, SampleMember> }[];

async function report(layers: Layers, lines?: number[]): Promise<string> {
  const analysis = await analyzeImage(await layeredImage(layers));
  return renderAnalysis(analysis, {
    label: 'sample',
    most: 10,
    columns: 200,
    lines: lines?.map((line, layer) =>
      line > 0 ? { line, text: layers[layer]!.line } : undefined,
    ),
  });
}

const base = { line: 'ADD base', members: { 'etc/os': 100, 'bin/tool': 900 } };

/** Layers above the base, and the change that is proposed. */
const advice: [name: string, Layers, advice: RegExp][] = [
  [
    'removed in a later RUN',
    [
      { line: 'RUN make', members: { 'src/a.o': 500 } },
      { line: 'RUN rm -r /src', members: { '.wh.src': 0 } },
    ],
    /remove it where it is made: join line 3 to line 2 with &&/,
  ],
  [
    'a package cache removed in a later RUN',
    [
      { line: 'RUN apt-get update', members: { 'var/lib/apt/lists/a': 500 } },
      { line: 'RUN rm -r /var/lib/apt/lists', members: { 'var/lib/apt/.wh.lists': 0 } },
    ],
    /let line 2 keep it outside of the image: RUN --mount=type=cache,target=\/var\/lib\/apt\/lists/,
  ],
  [
    'copied and removed',
    [
      { line: 'COPY app.deb /tmp/', members: { 'tmp/app.deb': 500 } },
      { line: 'RUN dpkg -i /tmp/app.deb; rm /tmp/app.deb', members: { 'tmp/.wh.app.deb': 0 } },
    ],
    /RUN --mount=type=bind,source=…,target=… in place of line 2/,
  ],
  [
    'of the base image',
    [{ line: 'RUN rm /bin/tool', members: { 'bin/.wh.tool': 0 } }],
    /removing what the base image has saves nothing/,
  ],
  [
    'upgraded in the base image',
    [{ line: 'RUN apt-get upgrade', members: { 'bin/tool': 901 } }],
    /line 2 replaces files of the base image: take a newer base image/,
  ],
  [
    'owner changed after a copy',
    [
      { line: 'COPY app /app', members: { 'app/a': 500 } },
      { line: 'RUN chown -R 1 /app', members: { 'app/a': { sizeBytes: 500, uid: 1 } } },
    ],
    /COPY --chown=… in line 2/,
  ],
  [
    'mode changed after a copy',
    [
      { line: 'COPY app /app', members: { 'app/a': 500 } },
      { line: 'RUN chmod +x /app/a', members: { 'app/a': { sizeBytes: 500, mode: 0o755 } } },
    ],
    /COPY --chmod=… in line 2/,
  ],
  [
    'copied twice',
    [
      { line: 'COPY . /app', members: { 'app/a': 500 } },
      { line: 'COPY . /app', members: { 'app/a': 500 } },
    ],
    /line 3 brings what line 2 brought: leave one of them out/,
  ],
];

for (const [name, layers, expected] of advice) {
  test(`advice on what is ${name}`, async () => {
    const lines = [0, ...layers.map((_, index) => index + 2)];
    assert.match(await report([base, ...layers], lines), expected);
  });
}

test('names with newlines and escapes are shown, never sent', async () => {
  const nasty = 'bin/\x1b]0;title\x07\n\x9bx';
  const text = await report([
    { line: 'COPY \x1b[31m\n.', members: { [nasty]: { sizeBytes: 9000, mode: 0o4755 } } },
    { line: 'RUN \x9b', members: { [nasty]: 'x', 'b/\x1bid_rsa': '-----BEGIN PRIVATE KEY-----' } },
  ]);
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.match(text, /\\u001b\]0;title/);
});

test('an image of nothing', async () => {
  const text = await report([]);
  assert.match(text, /^sample: linux\/amd64, 0 layers, 0B\n/);
  assert.match(text, /efficiency 100.00 %, wasted 0B\n/);
});
