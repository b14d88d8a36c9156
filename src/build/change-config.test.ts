import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageConfig } from '../image/index.ts';
import { changeConfig } from './change-config.ts';

const image: ImageConfig = {
  os: 'linux',
  architecture: 'amd64',
  config: { Env: ['PATH=/bin', 'A=1'], WorkingDir: '/srv', Cmd: ['sh'] },
  rootfs: { type: 'layers', diff_ids: [] },
};

test('instructions change what an image says of how to run it', () => {
  assert.deepEqual(
    changeConfig(image, [
      'ENV B="$A"2',
      'WORKDIR sub',
      'CMD ["x", "y"]',
      'EXPOSE 80',
      'LABEL a="b c"',
      'USER me',
    ]),
    {
      User: 'me',
      ExposedPorts: { '80/tcp': {} },
      Env: ['PATH=/bin', 'A=1', 'B=12'],
      Cmd: ['x', 'y'],
      ArgsEscaped: true,
      WorkingDir: '/srv/sub',
      Labels: { a: 'b c' },
    },
  );
});

test('what needs a build is refused', () => {
  assert.throws(() => changeConfig(image, ['RUN true']), {
    kind: 'invalid',
    message: /run is not a valid change command/,
  });
  assert.throws(() => changeConfig(image, ['NOPE x']), /unknown instruction: NOPE/);
});
