import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderedError } from '../../../test/contract/rendered-error.ts';
import { atOnce, digestOf } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import type { ContainerDefaults } from '../../image/index.ts';
import type { BaseImage } from '../ports.ts';
import { type PlanOptions, planningBuild } from './plan.ts';
import { planText } from './plan-text.ts';

/** `UPDATE_GOLDEN=1` writes what planning gives now, to be read before it is committed. */
const update = process.env.UPDATE_GOLDEN === '1';
const root = join(import.meta.dirname, '../testdata');

/** The images that the cases stand on, by name. */
const knownImages: Record<string, ContainerDefaults> = {
  debian: { Env: ['PATH=/bin', 'LANG=C'], Cmd: ['bash'] },
  'debian:bookworm': { Env: ['PATH=/bin', 'LANG=C'], Cmd: ['bash'] },
  configured: {
    User: 'app',
    Env: ['HOME=/home/app'],
    Entrypoint: ['/entry'],
    Cmd: ['run'],
    WorkingDir: '/home/app/',
    Labels: { kept: 'yes' },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    Shell: ['/bin/ash', '-c'],
  },
  triggers: { OnBuild: ['COPY . /src', 'RUN make -C /src', 'ENV BUILT=yes'] },
  'branch-main': {},
  tools: {},
};

for (const name of readdirSync(root)) {
  const folder = join(root, name);
  if (!existsSync(join(folder, 'Dockerfile'))) continue;
  test(`testdata/${name}`, () => {
    const text = outcome(folder);
    const expected = join(folder, 'plan.txt');
    if (update) writeFileSync(expected, text);
    assert.equal(text, existsSync(expected) ? readFileSync(expected, 'utf8') : '');
  });
}

function outcome(folder: string): string {
  const given = join(folder, 'options.json');
  const { contexts = {}, ...rest } = existsSync(given)
    ? JSON.parse(readFileSync(given, 'utf8'))
    : {};
  const options: PlanOptions = {
    buildArgs: {},
    platform: { os: 'linux', architecture: 'amd64' },
    native: { os: 'linux', architecture: 'amd64' },
    networkMode: 'default',
    allow: [],
    ...rest,
    contexts: new Map(Object.entries(contexts)),
  };
  try {
    const file = parseDockerfile(readFileSync(join(folder, 'Dockerfile')), {
      fileName: 'Dockerfile',
    });
    const images = new Map<string, BaseImage>();
    for (;;) {
      const result = atOnce(planningBuild(file, options, images));
      if (result.kind === 'plan') return planText(result.plan);
      for (const { key, name, platform } of result.needs) {
        const config = knownImages[name];
        assert.ok(config, `the case wants the unknown image ${name}`);
        images.set(key, baseImage(name, { config, ...platform }));
      }
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(error instanceof Error);
    return `${error.message}\n\n${renderedError(error)}\n`;
  }
}

function baseImage(
  name: string,
  image: { config: ContainerDefaults; os: string; architecture: string },
): BaseImage {
  const layer = digestOf(`layer of ${name}`);
  return {
    id: digestOf(name),
    digest: digestOf(`manifest of ${name}`),
    chain: layer,
    config: { ...image, rootfs: { type: 'layers', diff_ids: [layer] } },
  };
}
