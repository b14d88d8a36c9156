import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../core/index.ts';
import { parseDockerfile } from '../../dockerfile/index.ts';
import { type PlanOptions, planningBuild } from './plan.ts';

const options: PlanOptions = {
  buildArgs: {},
  platform: { os: 'linux', architecture: 'amd64' },
  native: { os: 'linux', architecture: 'amd64' },
  networkMode: 'default',
  allow: [],
  contexts: new Map(),
};

const plan = (text: string) => atOnce(planningBuild(parseDockerfile(text), options, new Map()));

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

test('many variables before many commands cost little; a history that names them all is refused', () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `ENV A${n}=${n}\nRUN true\n`);
  const result = plan(`FROM scratch\n${lines.join('')}`);
  assert.ok(result.kind === 'plan');
  const runs = result.plan.target.steps.map(({ action }) => action);
  const pairsAt = (index: number) => {
    const action = runs[index]!;
    return action.kind === 'run' ? action.env.pairs : [];
  };
  assert.deepEqual(pairsAt(2).slice(1), ['A0=0']);
  assert.deepEqual(pairsAt(6).slice(1), ['A0=0', 'A1=1', 'A2=2']);
  assert.equal(pairsAt(40_000).length, 20_001);
  const args = Array.from({ length: 20_000 }, (_, n) => `ARG A${n}=${n}\n`).join('');
  assert.throws(() => plan(`FROM scratch\n${args}${'RUN true\n'.repeat(20_000)}`), {
    kind: 'invalid',
    message: /their history has more than 16777216 characters/,
  });
});

test('a variable that changes keeps its place', () => {
  const result = plan('FROM scratch\nENV A=1 B=2\nRUN true\nENV A=3\nARG C\nARG D=4\nRUN true\n');
  assert.ok(result.kind === 'plan');
  const { action } = result.plan.target.steps.at(-1)!;
  assert.deepEqual(action.kind === 'run' && action.env.pairs.slice(1), ['A=3', 'B=2', 'D=4']);
});
