import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let context: string;

before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  context = join(daemon.folder, 'context');
  mkdirSync(join(context, 'src/.git'), { recursive: true });
  mkdirSync(join(context, 'more'));
  writeFileSync(join(context, 'src/app'), 'a'.repeat(300_000));
  writeFileSync(join(context, 'src/.git/pack'), 'g'.repeat(700_000));
  writeFileSync(join(context, 'more/app'), 'b'.repeat(310_000));
  execFileSync('tar', ['-cf', 'data.tar', 'src'], { cwd: context });
});
after(() => daemon[Symbol.asyncDispose]());

/** What is read of the JSON report. */
interface Report {
  readonly image: { readonly sizeBytes: number };
  readonly waste: readonly {
    readonly sizeBytes: number;
    readonly kind: string;
    readonly fromBase: boolean;
    readonly advice: string;
    readonly brought: { readonly line?: number };
    readonly undone: { readonly line?: number };
  }[];
}

async function report(
  name: string,
  dockerfile: string,
  args: readonly string[] = [],
): Promise<Report> {
  const path = join(daemon.folder, `Dockerfile.${name}`);
  writeFileSync(path, dockerfile);
  await daemon.ok('build', '-q', '-t', name, '-f', path, ...args, context);
  const { code, stdout, stderr } = await daemon.berth(
    'analyze',
    name,
    '-f',
    path,
    '--format',
    'json',
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Report;
}

/** How a Dockerfile wastes bytes, what is found of it, and the same file with the advice taken. */
const cases: {
  name: string;
  wasteful: string;
  advised: string;
  kind: string;
  lines: [brought: number, undone: number];
  bytes: number;
  advice: RegExp;
}[] = [
  {
    name: 'removed in a later RUN',
    wasteful: 'FROM busybox\nRUN dd if=/dev/zero of=/big bs=1000 count=900\nRUN rm /big\n',
    advised: 'FROM busybox\nRUN dd if=/dev/zero of=/big bs=1000 count=900 && rm /big\n',
    kind: 'removed',
    lines: [2, 3],
    bytes: 900_000,
    advice: /join line 3 to line 2 with &&/,
  },
  {
    name: 'a folder of several layers removed',
    wasteful:
      'FROM busybox\nRUN mkdir /d && dd if=/dev/zero of=/d/a bs=1000 count=800\nENV A=b\nRUN echo x >/d/b\nRUN rm -r /d\n',
    advised:
      'FROM busybox\nRUN mkdir /d && dd if=/dev/zero of=/d/a bs=1000 count=800 && echo x >/d/b && rm -r /d\n',
    kind: 'removed',
    lines: [2, 5],
    bytes: 800_000,
    advice: /join line 5 to line 2 with &&/,
  },
  {
    name: 'copied, then given to another owner',
    wasteful: 'FROM busybox\nCOPY src /src\nRUN chown -R 1000:1000 /src\n',
    advised: 'FROM busybox\nCOPY --chown=1000:1000 src /src\n',
    kind: 'reowned',
    lines: [2, 3],
    bytes: 1_000_000,
    advice: /COPY --chown=… in line 2/,
  },
  {
    name: 'copied, then made to run',
    wasteful: 'FROM busybox\nCOPY src/app /app\n\nRUN chmod 755 /app\n',
    advised: 'FROM busybox\nCOPY --chmod=755 src/app /app\n',
    kind: 'reowned',
    lines: [2, 4],
    bytes: 300_000,
    advice: /COPY --chmod=… in line 2/,
  },
  {
    name: 'copied over',
    wasteful: 'FROM busybox\nADD src/app /app\nCOPY more/app /app\n',
    advised: 'FROM busybox\nCOPY more/app /app\n',
    kind: 'rewritten',
    lines: [2, 3],
    bytes: 300_000,
    advice: /line 3 copies over what line 2 copied/,
  },
  {
    name: 'copied twice',
    wasteful: 'FROM busybox\nCOPY src/app /app\nCOPY src/app /app\n',
    advised: 'FROM busybox\nCOPY src/app /app\n',
    kind: 'repeated',
    lines: [2, 3],
    bytes: 300_000,
    advice: /leave one of them out/,
  },
  {
    name: 'appended to',
    wasteful: 'FROM busybox\nRUN dd if=/dev/zero of=/log bs=1000 count=500\nRUN echo more >>/log\n',
    advised: 'FROM busybox\nRUN dd if=/dev/zero of=/log bs=1000 count=500 && echo more >>/log\n',
    kind: 'rewritten',
    lines: [2, 3],
    bytes: 500_000,
    advice: /join line 2 and line 3 with &&/,
  },
  {
    name: 'unpacked, and a part removed',
    wasteful: 'FROM busybox\nADD data.tar /\nRUN rm -r /src/.git\n',
    advised:
      'FROM busybox\nRUN --mount=type=bind,source=data.tar,target=/d.tar tar xf /d.tar && rm -r /src/.git\n',
    kind: 'removed',
    lines: [2, 3],
    bytes: 700_000,
    advice: /RUN --mount=type=bind.* in place of line 2/,
  },
  {
    name: 'one of two names removed, then the other',
    wasteful:
      'FROM busybox\nRUN dd if=/dev/zero of=/a bs=1000 count=350 && ln /a /b\nRUN rm /a\nRUN rm /b\n',
    advised:
      'FROM busybox\nRUN dd if=/dev/zero of=/a bs=1000 count=350 && ln /a /b && rm /a && rm /b\n',
    kind: 'removed',
    lines: [2, 4],
    bytes: 350_000,
    advice: /join line 4 to line 2/,
  },
  {
    name: "a package manager's cache",
    wasteful:
      'FROM busybox\nRUN mkdir -p /var/cache/apt && dd if=/dev/zero of=/var/cache/apt/p bs=1000 count=600\nRUN rm -rf /var/cache/apt/*\n',
    advised:
      'FROM busybox\nRUN --mount=type=cache,target=/var/cache/apt dd if=/dev/zero of=/var/cache/apt/p bs=1000 count=600\n',
    kind: 'removed',
    lines: [2, 3],
    bytes: 600_000,
    advice: /RUN --mount=type=cache,target=\/var\/cache\/apt/,
  },
  {
    name: 'what a stage brought, removed in one built on it',
    wasteful:
      'FROM busybox AS one\nRUN dd if=/dev/zero of=/big bs=1000 count=400\nFROM one AS two\nCOPY more /more\nRUN rm /big\n',
    advised:
      'FROM busybox AS one\nRUN dd if=/dev/zero of=/big bs=1000 count=400 && rm /big\nFROM one AS two\nCOPY more /more\n',
    kind: 'removed',
    lines: [2, 5],
    bytes: 400_000,
    advice: /join line 5 to line 2/,
  },
];

for (const [index, { name, wasteful, advised, kind, lines, bytes, advice }] of cases.entries()) {
  test(`waste: ${name}`, async () => {
    const before = await report(`wasteful-${index}`, wasteful);
    const [waste] = before.waste;
    assert.ok(waste, JSON.stringify(before.waste));
    assert.deepEqual([waste.kind, waste.brought.line, waste.undone.line], [kind, ...lines]);
    assert.equal(waste.sizeBytes, bytes);
    assert.equal(waste.fromBase, false);
    assert.match(waste.advice, advice);
    const after = await report(`advised-${index}`, advised);
    assert.deepEqual(after.waste, []);
    const saved = before.image.sizeBytes - after.image.sizeBytes;
    assert.ok(Math.abs(saved - bytes) < bytes / 100, `${saved} of ${bytes} bytes are saved`);
  });
}

test('what the base image brought is not laid to the Dockerfile', async () => {
  const { waste } = await report('based', 'FROM busybox\nRUN rm /bin/busybox\n');
  assert.deepEqual(waste[0]!.brought.line, undefined);
  assert.equal(waste[0]!.fromBase, true);
  assert.match(waste[0]!.advice, /take a smaller base/);
});

test('what is still seen by another name is not wasted', async () => {
  const { waste } = await report(
    'linked',
    'FROM busybox\nRUN dd if=/dev/zero of=/a bs=1000 count=350 && ln /a /b\nRUN rm /a\n',
  );
  assert.deepEqual(waste, []);
});

test('a stage that only gives files to another leaves no waste', async () => {
  const { waste } = await report(
    'staged',
    'FROM busybox AS build\nRUN dd if=/dev/zero of=/big bs=1000 count=400 && echo done >/result\nRUN rm /big\nFROM busybox\nCOPY --from=build /result /result\n',
  );
  assert.deepEqual(waste, []);
});

test('arguments and labels in between do not shift the lines', async () => {
  const dockerfile =
    'ARG BASE=busybox\nFROM $BASE\nARG A=1\nLABEL a=b\n# a comment\nRUN dd if=/dev/zero \\\n  of=/big bs=1000 count=300\nARG B\nENV C=d\nUSER root\nRUN <<END\nrm /big\nEND\nCMD ["true"]\n';
  const { waste } = await report('shifted', dockerfile, ['--build-arg', 'B=x y']);
  assert.deepEqual([waste[0]!.brought.line, waste[0]!.undone.line], [6, 11]);
});
