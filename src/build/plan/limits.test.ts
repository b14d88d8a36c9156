import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { type PlanOptions, planBuild } from './plan.ts';

const options: PlanOptions = {
  buildArgs: {},
  platform: { os: 'linux', architecture: 'amd64' },
  native: { os: 'linux', architecture: 'amd64' },
  networkMode: 'default',
  allow: [],
  contexts: new Map(),
};

const plan = (text: string) => planBuild(parseDockerfile(text), options, new Map());

test('a hundred thousand lines', () => {
  const lines = Array.from({ length: 100_000 }, (_, n) => `ENV A${n % 50}=${n}\n`);
  const result = plan(`FROM scratch\n${lines.join('')}`);
  assert.equal(result.kind === 'plan' && result.plan.target.steps.length, 100_001);
});

test('stages that stand on each other by the thousand, as long as memory is not at stake', () => {
  const stages = (count: number) =>
    Array.from({ length: count }, (_, n) => `FROM s${n} AS s${n + 1}\nENV A=${n}\n`).join('');
  const result = plan(`FROM scratch AS s0\n${stages(1500)}`);
  assert.equal(result.kind === 'plan' && result.plan.target.image.history.length, 1500);
  assert.throws(() => plan(`FROM scratch AS s0\n${stages(20_000)}`), {
    kind: 'invalid',
    message: /inherit more than 2000000 entries/,
  });
});
