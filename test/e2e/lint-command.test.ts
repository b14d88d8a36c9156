import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  const context = join(daemon.folder, 'base');
  mkdirSync(context);
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM busybox
RUN mkdir -p /sbin /usr/lib && touch /sbin/apk && ln -s /sbin /usr/sbin \\
  && echo 'PRETTY_NAME="Small Linux 1"' > /usr/lib/os-release && ln -s ../usr/lib/os-release /etc/os-release
RUN rm /bin/wget
ENV PATH=/usr/sbin:/bin
USER user
`,
  );
  await daemon.ok('build', '-q', '-t', 'team/base:1', context);
});
after(() => daemon[Symbol.asyncDispose]());

function lint(text: string, ...flags: string[]): Promise<{ code: number; stdout: string }> {
  const path = join(daemon.folder, 'Linted');
  writeFileSync(path, text);
  return daemon.berth('lint', path, '--no-shellcheck', ...flags);
}

test('what stands in a base image is found, through its links', async () => {
  const { code, stdout } = await lint('FROM team/base:1\nRUN apt-get update\n');
  assert.equal(code, 1);
  assert.match(stdout, /:2 BL1003 error: The base image \(Small Linux 1\) has apk, not apt-get\n/);
  assert.match(stdout, /:2 BL1004 error: /);
});

test('its name may come from an ARG or a build argument', async () => {
  const text = 'ARG BASE=busybox\nFROM $BASE\nRUN apk add --no-cache curl=1\n';
  assert.match(
    (await lint(text)).stdout,
    /BL1003 error: The base image has no package manager, not apk/,
  );
  const chosen = await lint(text, '--build-arg', 'BASE=team/base:1');
  assert.doesNotMatch(chosen.stdout, /BL1003/);
  assert.match(chosen.stdout, /BL1004/);
  const unasked = await lint(text, '--build-arg', 'BASE=team/base:1', '--no-base-images');
  assert.doesNotMatch(unasked.stdout, /BL100/);
});

test('looking changes nothing and leaves nothing', async () => {
  assert.equal(await daemon.ok('ps', '-aq'), '');
});
