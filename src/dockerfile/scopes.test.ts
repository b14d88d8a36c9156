import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type BuildArgs,
  type Dockerfile,
  globalScope,
  parseDockerfile,
  proxyVariables,
  type Stage,
  type StageInstruction,
  type StageScope,
  stageScope,
} from './index.ts';

const buildPlatform = { os: 'linux', architecture: 'amd64' };
const targetPlatform = { os: 'linux', architecture: 'arm64', variant: 'v8' };

function evaluated(text: string, buildArgs: BuildArgs = {}, environment: [string, string][] = []) {
  const dockerfile = parseDockerfile(text, { fileName: 'Dockerfile' });
  const global = globalScope(dockerfile, { buildArgs, buildPlatform, targetPlatform });
  const scopes = new Map<string, StageScope>();
  const unset: string[] = [];
  const stages = dockerfile.stages.map((stage) => {
    const from = global.expandFrom(stage.from);
    const parent = scopes.get(from.image.text);
    const scope = stageScope({ dockerfile, global, buildArgs, environment, parent });
    const instructions = stage.instructions.map((instruction) =>
      scope.evaluate(instruction, (name) => unset.push(name)),
    );
    if (stage.name !== undefined) scopes.set(stage.name, scope);
    return { from, scope, instructions };
  });
  return { global, stages, unset };
}

/** The words of an instruction that variables were replaced in. */
function texts(instruction: StageInstruction | undefined): unknown {
  switch (instruction?.kind) {
    case 'env':
    case 'label':
      return instruction.pairs.map(({ key, value }) => `${key.text}=${value.text}`);
    case 'arg':
      return instruction.definitions.map(
        ({ name, defaultValue }) => `${name.text}=${defaultValue?.text}`,
      );
    case 'copy':
    case 'add':
      return {
        sources: instruction.sources.map(({ text }) => text),
        destination: instruction.destination.text,
        chown: instruction.chown?.text,
        chmod: instruction.chmod?.text,
        excludes: instruction.excludes.map(({ text }) => text),
        inline: instruction.inlineSources.map(({ content }) => content),
      };
    case 'run':
      return instruction.mounts.map(({ id, target }) => `${id} ${target}`);
    case 'expose':
      return instruction.ports.map(({ text }) => text);
    case 'volume':
      return instruction.paths.map(({ text }) => text);
    case 'user':
      return instruction.user.text;
    case 'workdir':
      return instruction.path.text;
    case 'stopsignal':
      return instruction.signal.text;
    default:
      return instruction?.code;
  }
}

describe('what is replaced', () => {
  const environment: [string, string][] = [
    ['V', 'v w'],
    ['N', '7'],
  ];
  const cases: [line: string, expected: unknown][] = [
    ['ENV $N=a B=$V "C$N"=\'$V\'', ['7=a', 'B=v w', 'C7=$V']],
    ['ENV OLD  a $V  "b"', ['OLD=a v w  b']],
    ['LABEL a=$V $N=x', ['a=v w', '7=x']],
    [
      'COPY --chown=$N:$N --chmod=$N --exclude=$N a$N "$V" /$V',
      { sources: ['a7', 'v w'], destination: '/v w', chown: '7:7', chmod: '7', excludes: ['$N'] },
    ],
    ['RUN --mount=type=cache,id=$N,target=/c/$V echo $V', ['7 /c/v w']],
    ['EXPOSE $V $N/tcp', ['7/tcp', 'v', 'w']],
    ['VOLUME /$N ["x"]', ['/7', '[x]']],
    ['VOLUME ["/$N", "$V"]', ['/7', 'v w']],
    ['USER $N:$V', '7:v w'],
    ['WORKDIR /$N/$V', '/7/v w'],
    ['STOPSIGNAL $N', '7'],
    ['CMD echo $V', 'CMD echo $V'],
    ['ENTRYPOINT ["$V"]', 'ENTRYPOINT ["$V"]'],
    ['SHELL ["$V"]', 'SHELL ["$V"]'],
    ['HEALTHCHECK CMD $V', 'HEALTHCHECK CMD $V'],
    ['MAINTAINER $V', 'MAINTAINER $V'],
    ['ONBUILD RUN --mount=target=/$V x', 'ONBUILD RUN --mount=target=/$V x'],
  ];
  for (const [line, expected] of cases) {
    test(line, () => {
      const { stages } = evaluated(`FROM a\n${line}\n`, {}, environment);
      const result = texts(stages[0]?.instructions[0]);
      if (typeof expected === 'object' && !Array.isArray(expected)) {
        assert.deepEqual(result, { inline: [], ...expected });
      } else assert.deepEqual(result, expected);
    });
  }

  test('here-documents of COPY, unless their delimiter is quoted; quotes in them stay', () => {
    const text = 'FROM a\nCOPY <<A <<"B" <<-C /\n"$V" \\$V\nA\n$V\nB\n\t$V\n\tC\n';
    const { stages } = evaluated(text, {}, environment);
    const copy = texts(stages[0]?.instructions[0]) as { inline: string[] };
    assert.deepEqual(copy.inline, ['"v w" $V\n', '$V\n', 'v w\n']);
  });
});

describe('scopes', () => {
  test('the platforms and the stage are known before the first FROM', () => {
    const { global } = evaluated('ARG X=$TARGETARCH-$BUILDPLATFORM\nFROM a AS Last\n');
    assert.equal(global.variables.get('X'), 'arm64-linux/amd64');
    assert.equal(global.variables.get('TARGETPLATFORM'), 'linux/arm64/v8');
    assert.equal(global.variables.get('TARGETVARIANT'), 'v8');
    assert.equal(global.variables.get('TARGETSTAGE'), 'last');
  });

  test('a global ARG reaches FROM, and a stage that declares it', () => {
    const text = 'ARG A=1\nARG B=$A$A\nFROM img:$B AS s\nENV X=$A\nARG A\nENV Y=$A Z=$B\n';
    const { stages, unset } = evaluated(text);
    assert.equal(stages[0]?.from.image.text, 'img:11');
    assert.deepEqual(stages[0].instructions.map(texts), [['X='], ['A=1'], ['Y=1', 'Z=']]);
    assert.deepEqual(unset, ['A', 'B']);
  });

  test('a build argument wins over the default, and one without value is as none', () => {
    const text = 'ARG A=1\nFROM i:$A\nARG A=2\nARG B=3 C=$A$B\n';
    assert.deepEqual(evaluated(text, { A: 'x' }).stages[0]?.instructions.map(texts), [
      ['A=x'],
      ['B=3', 'C=x3'],
    ]);
    const { stages } = evaluated(text, { A: undefined });
    assert.equal(stages[0]?.from.image.text, 'i:1');
    assert.deepEqual(texts(stages[0].instructions[0]), ['A=2']);
  });

  test('an ARG without any value is declared and not set', () => {
    const { stages, unset } = evaluated('FROM a\nARG A\nENV X=[$A]\n');
    assert.deepEqual(texts(stages[0]?.instructions[1]), ['X=[]']);
    assert.deepEqual(unset, []);
    assert.equal(stages[0]?.scope.args.get('A'), undefined);
    assert.equal(stages[0]?.scope.args.has('A'), true);
    assert.equal(stages[0]?.scope.variables.has('A'), false);
  });

  test('ENV counts from the next instruction on, and the later of ENV and ARG wins', () => {
    const text = 'FROM a\nENV A=1\nENV A=2 B=$A\nARG A=3\nENV C=$A\nENV A=4\nENV D=$A\n';
    const { stages } = evaluated(text);
    assert.deepEqual(stages[0]?.instructions.map(texts), [
      ['A=1'],
      ['A=2', 'B=1'],
      ['A=3'],
      ['C=3'],
      ['A=4'],
      ['D=4'],
    ]);
  });

  test('a stage built from another one inherits its variables, and keeps its own to itself', () => {
    const text =
      'FROM a AS one\nARG A=1\nENV B=2\nFROM one AS two\nENV C=$A$B B=9\nFROM one\nENV C=$A$B\nFROM a\nENV C=[$A$B]\n';
    const { stages } = evaluated(text);
    const last = stages.map(({ instructions }) => texts(instructions.at(-1)));
    assert.deepEqual(last, [['B=2'], ['C=12', 'B=9'], ['C=12'], ['C=[]']]);
  });

  test('names of what every object has are ordinary names', () => {
    const text =
      'ARG constructor\nFROM a$constructor\nARG __proto__\nARG toString\nENV X=$valueOf\n';
    const { stages, unset } = evaluated(text);
    assert.equal(stages[0]?.from.image.text, 'a');
    assert.deepEqual(texts(stages[0].instructions[1]), ['toString=undefined']);
    assert.deepEqual(unset, ['valueOf']);
  });

  test('arguments for the builder itself do not become variables', () => {
    const { stages } = evaluated('FROM a\nARG BUILDKIT_SBOM_SCAN_STAGE=true\n');
    assert.equal(stages[0]?.scope.variables.has('BUILDKIT_SBOM_SCAN_STAGE'), false);
  });

  test('proxies come in both spellings and without an ARG', () => {
    const variables = proxyVariables({ http_proxy: 'h', NO_PROXY: 'n', OTHER: 'o' });
    assert.deepEqual(Object.fromEntries(variables), {
      HTTP_PROXY: 'h',
      http_proxy: 'h',
      NO_PROXY: 'n',
      no_proxy: 'n',
    });
  });
});

describe('faults', () => {
  const cases: [text: string, message: RegExp, line: number, column: number][] = [
    ['FROM $none\n', /^base name \(\$none\) should not be blank$/, 1, 6],
    ['FROM --platform=$none a\n', /^empty platform value from expression \$none$/, 1, 17],
    ['FROM --platform=a/b/c/d a\n', /^failed to parse platform a\/b\/c\/d: /, 1, 17],
    ['ARG A=$' + '{B:?no}\nFROM a\n', /^failed to process .*: B: no$/, 1, 7],
    ['FROM a\nENV A=1 \\\n  B=$' + '{C:?xy}\n', /^failed to process .*: C: xy$/, 3, 5],
    ['FROM a\nCOPY a \\\n "b\n', /matching double-quote$/, 3, 2],
    ['FROM a\nRUN --mount=type=$T,target=/x y\n', /^unsupported mount type ""/, 2, 13],
    ['FROM a\nCOPY <<E /x\n$' + '{\nE\n', /unsupported modifier/, 2, 6],
  ];
  for (const [text, message, line, column] of cases) {
    test(JSON.stringify(text), () => {
      assert.throws(
        () => evaluated(text),
        (error: Error & { kind?: string; details?: { line: number; column: number } }) => {
          assert.match(error.message, message);
          assert.equal(error.kind, 'invalid');
          assert.deepEqual([error.details?.line, error.details?.column], [line, column]);
          return true;
        },
      );
    });
  }
});

test('a scope leaves the parsed file as it was', () => {
  const dockerfile: Dockerfile = parseDockerfile('FROM a\nENV A=$B\nCOPY $A <<E /\n$A\nE\n');
  const before = JSON.stringify(dockerfile.stages);
  const global = globalScope(dockerfile, { buildPlatform, targetPlatform });
  const scope = stageScope({ dockerfile, global, environment: [['B', 'x']] });
  const stage: Stage = dockerfile.stages[0]!;
  for (const instruction of stage.instructions) scope.evaluate(instruction);
  assert.equal(JSON.stringify(dockerfile.stages), before);
});
