import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { parseReference } from '../../src/core/index.ts';
import {
  imageSource,
  tarHeader,
  tarPadding,
  tarTrailer,
  writeArchive,
} from '../../src/image/index.ts';
import { layeredImage, type SampleMember } from '../contract/sample-layers.ts';

const berth = join(import.meta.dirname, '../../bin/berth');
const folder = mkdtempSync(join(tmpdir(), 'berth-analyze-'));
after(() => rmSync(folder, { recursive: true }));

type Layers = { line?: string; members: Record<string, SampleMember> }[];

async function write(name: string, layers: Layers): Promise<void> {
  const source = imageSource(await layeredImage(layers, 'gzip'));
  const images = [{ source, references: [parseReference(`${name}:1`)] }];
  await pipeline(writeArchive(images), createWriteStream(join(folder, `${name}.tar`)));
}

before(async () => {
  await write('good', [{ members: { a: 1000 } }, { members: { b: 1000 } }]);
  await write('bad', [
    { line: 'ADD base /', members: { 'var/lib/dpkg/status': 'Package: x\nVersion: 1\n' } },
    { line: 'COPY . /src # buildkit', members: { 'src/a': 1000 } },
    { line: 'RUN /bin/sh -c rm /src/a # buildkit', members: { 'src/.wh.a': 0 } },
  ]);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM base\nCOPY . /src\nRUN rm /src/a\n');
  writeFileSync(
    join(folder, '.dive-ci'),
    'rules:\n  lowestEfficiency: 0.01\n  highestUserWastedPercent: disabled\n',
  );
});

function run(args: string[], options: { ci?: string; input?: Buffer; tmpdir?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(berth, ['analyze', ...args], {
    cwd: folder,
    env: {
      ...process.env,
      CI: options.ci ?? '',
      SOURCE_DATE_EPOCH: '1700000000',
      ...(options.tmpdir && { TMPDIR: options.tmpdir }),
    },
    input: options.input,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const none = ['--ci-config', 'none'];
const verdicts: [name: string, args: string[], ci: string, status: number, output: RegExp][] = [
  [
    'an image without waste passes',
    ['good.tar', '--ci', ...none],
    '',
    0,
    /Result:PASS.*Passed:2.*Skipped:1/,
  ],
  ['waste fails', ['bad.tar', '--ci', ...none], '', 1, /FAIL: highestUserWastedPercent: too many/],
  ['CI=true is --ci', ['bad.tar', ...none], 'true', 1, /Result:FAIL/],
  ['CI=0 is not', ['bad.tar', ...none], '0', 0, /WHERE BYTES ARE WASTED/],
  [
    '.dive-ci is read',
    ['bad.tar', '--ci'],
    '',
    0,
    /Using CI config: \.dive-ci[\s\S]*SKIP: highestUser/,
  ],
  [
    'flags count before it',
    ['bad.tar', '--ci', '--lowestEfficiency', '0.99'],
    '',
    1,
    /FAIL: lowestEff/,
  ],
  ['--json alone judges nothing', ['bad.tar', '--json', 'out.json', ...none], 'true', 0, /^$/],
  ['rules that are wrong', ['bad.tar', '--ci', '--highestWastedBytes', '1BB'], '', 1, /^$/],
];
for (const [name, args, ci, status, output] of verdicts) {
  test(`verdict: ${name}`, () => {
    const result = run(args, { ci });
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stdout, output);
  });
}

test('waste is laid to the lines of the Dockerfile', () => {
  const { stdout } = run(['bad.tar', '-f', 'Dockerfile']);
  assert.match(stdout, /line 2: COPY \. \/src\n.*removed by line 3: RUN rm \/src\/a/);
  assert.match(stdout, /to save it: .*--mount=type=bind.* in place of line 2/);
});

test('JSON, lists of packages, comparison', () => {
  assert.equal(run(['bad.tar', '--json', 'out.json']).status, 0);
  assert.equal(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')).layer.length, 3);
  assert.equal(JSON.parse(run(['bad.tar', '--json', '-']).stdout).image.inefficientBytes, 1000);
  const spdx = JSON.parse(run(['bad.tar', '--sbom', 'spdx']).stdout);
  assert.deepEqual(
    [spdx.creationInfo.created, spdx.packages[1].name],
    ['2023-11-14T22:13:20Z', 'x'],
  );
  assert.equal(JSON.parse(run(['bad.tar', '--sbom', 'cyclonedx']).stdout).components[0].name, 'x');
  assert.match(run(['good.tar', 'bad.tar']).stdout, /^good\.tar → bad\.tar: 2kB → /);
});

test('a list of packages on standard output stays whole when the image is judged too', () => {
  for (const args of [
    ['--sbom', 'spdx'],
    ['--format', 'json'],
  ]) {
    const { status, stdout, stderr } = run(['bad.tar', ...args, '--ci', ...none]);
    assert.equal(status, 1);
    assert.equal(typeof JSON.parse(stdout), 'object');
    assert.match(stderr, /Result:FAIL/);
  }
});

test('reports for people go to a file too', () => {
  for (const images of [['bad.tar'], ['good.tar', 'bad.tar']]) {
    const { stdout } = run([...images, '-o', 'report.txt']);
    assert.equal(stdout, '');
    assert.equal(readFileSync(join(folder, 'report.txt'), 'utf8'), run(images).stdout);
  }
});

test('what only one image has is not asked of two', () => {
  for (const [flag, ...value] of [
    ['--ci'],
    ['--ci-config', '.dive-ci'],
    ['--highestWastedBytes', '1MB'],
    ['--sbom', 'spdx'],
    ['--json', '-'],
    ['--file', 'Dockerfile'],
    ['--target', 'x'],
    ['--interactive'],
  ] as const) {
    const { status, stdout, stderr } = run(['good.tar', 'bad.tar', flag, ...value]);
    assert.deepEqual([status, stdout], [125, '']);
    assert.match(stderr, new RegExp(`^berth: analyze: ${flag} is of one image, and two are`));
  }
  assert.equal(run(['good.tar', 'bad.tar', '--no-interactive'], { ci: 'true' }).status, 0);
});

test('standard input, compressed or not', () => {
  const bytes = readFileSync(join(folder, 'good.tar'));
  assert.match(run(['-'], { input: bytes }).stdout, /^good:1: linux/);
  const packed = execFileSync('gzip', ['-c'], { input: bytes });
  assert.match(run(['-'], { input: packed }).stdout, /^good:1: linux/);
});

test('an archive that does not fit says where it was to be kept', () => {
  const tmpdir = join(folder, 'full');
  mkdirSync(tmpdir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', tmpdir]);
  try {
    const input = readFileSync(join(folder, 'good.tar'));
    const { status, stderr } = run(['-'], { input, tmpdir });
    assert.equal(status, 1);
    assert.match(stderr, /^berth: keep archive in \S+full: no space left on device$/m);
  } finally {
    execFileSync('umount', [tmpdir]);
  }
});

const wrong: [name: string, args: string[], input: Buffer, status: number, message: RegExp][] = [
  ['nothing at all', ['-'], Buffer.alloc(0), 125, /unrecognized image format/],
  ['text', ['-'], Buffer.from('hello\n'.repeat(500)), 125, /^berth: read tar: /],
  ['no terminal for the view', ['good.tar', '-i'], Buffer.alloc(0), 125, /needs a terminal/],
  [
    'a folder that is not there',
    ['good.tar', '--json', 'none/out.json'],
    Buffer.alloc(0),
    125,
    /there is no folder none/,
  ],
  [
    'a Dockerfile without that stage, before the image is looked for',
    ['none.tar', '-f', 'Dockerfile', '--target', 'x'],
    Buffer.alloc(0),
    1,
    /it has no stage "x"/,
  ],
  [
    'an unknown format',
    ['good.tar', '--format', 'xml'],
    Buffer.alloc(0),
    125,
    /neither text nor json/,
  ],
  [
    'an unknown source',
    ['good.tar', '--source', 'rkt'],
    Buffer.alloc(0),
    125,
    /none of docker, podman, docker-archive/,
  ],
  [
    'an unknown list',
    ['good.tar', '--sbom', 'xml'],
    Buffer.alloc(0),
    125,
    /neither spdx nor cyclonedx/,
  ],
  ['a file that is not there', ['./none.tar'], Buffer.alloc(0), 125, /no such file/],
];
for (const [name, args, input, status, message] of wrong) {
  test(`refused: ${name}`, () => {
    const result = run(args, { input });
    assert.match(result.stderr, message);
    assert.equal(result.status, status);
    assert.equal(result.stdout, '');
  });
}

test('nothing that an archive says reaches the terminal raw', () => {
  const manifest = JSON.stringify([{ Config: 'c', RepoTags: ['\x1b[31mred\x07'], Layers: [] }]);
  const header = tarHeader({ path: 'manifest.json', type: 'file', sizeBytes: manifest.length });
  const padding = tarPadding(manifest.length);
  const input = Buffer.concat([header, Buffer.from(manifest), padding, tarTrailer]);
  const { status, stderr } = run(['-'], { input });
  assert.equal(status, 125);
  assert.match(stderr, /\\u001b\[31mred\\u0007/);
  assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f]/);
});

test('who stops reading is no failure, and does not change the verdict', () => {
  const piped = (args: string) =>
    spawnSync('bash', ['-c', `${berth} analyze bad.tar ${args} | true; echo "\${PIPESTATUS[0]}"`], {
      cwd: folder,
      env: { ...process.env, CI: '' },
      encoding: 'utf8',
    });
  for (const [args, code] of [
    ['', 0],
    ['--format json', 0],
    ['--json -', 0],
    ['--ci --ci-config none', 1],
  ] as const) {
    const { stdout, stderr } = piped(args);
    assert.deepEqual([stdout, stderr], [`${code}\n`, ''], args);
  }
});

test('the report as JSON, to a file as well', () => {
  const report = JSON.parse(run(['bad.tar', '--format', 'json', '-f', 'Dockerfile']).stdout);
  assert.deepEqual(
    [report.waste[0].brought.line, report.waste[0].undone.line, report.waste[0].sizeBytes],
    [2, 3, 1000],
  );
  assert.equal(run(['good.tar', 'bad.tar', '--format', 'json', '-o', 'c.json']).stdout, '');
  assert.equal(JSON.parse(readFileSync(join(folder, 'c.json'), 'utf8')).after.name, 'bad:1');
  const judged = run(['bad.tar', '--format', 'json', '--ci', ...none]);
  assert.equal(judged.status, 1);
  assert.equal(JSON.parse(judged.stdout).efficiency.wastedBytes, 1000);
  assert.match(judged.stderr, /FAIL: highestUserWastedPercent/);
});

test("dive's configuration: rules, CI and paths, from a file and from variables", () => {
  const text = 'ci: true\nci-config: none\nrules:\n  highest-user-wasted-percent: 0.9\n';
  writeFileSync(join(folder, 'dive.yaml'), text);
  process.env.DIVE_CONFIG = 'dive.yaml';
  try {
    assert.equal(run(['bad.tar']).status, 1);
    process.env.DIVE_RULES_HIGHEST_USER_WASTED_PERCENT = 'disabled';
    process.env.DIVE_RULES_LOWEST_EFFICIENCY = '0.01';
    assert.match(run(['bad.tar']).stdout, /Result:PASS/);
    process.env.DIVE_JSON_PATH = 'dive-out.json';
    assert.equal(run(['bad.tar']).stdout, '');
    assert.equal(JSON.parse(readFileSync(join(folder, 'dive-out.json'), 'utf8')).layer.length, 3);
  } finally {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('DIVE_')) delete process.env[name];
    }
  }
});

test('an archive that is cut anywhere is refused', () => {
  const bytes = readFileSync(join(folder, 'bad.tar'));
  const lengths = [600, 1500, Math.floor(bytes.length / 2), bytes.length - 2000];
  for (const length of lengths) {
    const { status, stderr } = run(['-'], { input: bytes.subarray(0, length) });
    assert.equal(status, 125, stderr);
    assert.match(stderr, /^berth: /);
  }
});
