import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerDefaults } from '../../image/index.ts';
import { mergeImageConfig } from './merge-image-config.ts';

const image: ContainerDefaults = {
  User: 'web',
  Env: ['PATH=/bin', 'LANG=C'],
  Entrypoint: ['/start'],
  Cmd: ['serve'],
  WorkingDir: '/srv',
  Labels: { a: '1', b: '2' },
  Volumes: { '/data': {} },
  ExposedPorts: { '80/tcp': {} },
  StopSignal: 'SIGQUIT',
  Healthcheck: { Test: ['CMD', 'ok'], Interval: 5e9, Retries: 2 },
};
const merge = (asked: object, defaults: ContainerDefaults = image) =>
  mergeImageConfig({ Image: 'x', ...asked }, defaults);

describe('mergeImageConfig', () => {
  for (const [what, asked, entrypoint, cmd] of [
    ['nothing asked', {}, ['/start'], ['serve']],
    ['arguments', { Cmd: ['test', '-v'] }, ['/start'], ['test', '-v']],
    ['an entrypoint', { Entrypoint: ['/bin/sh'] }, ['/bin/sh'], null],
    ['both', { Entrypoint: ['/bin/sh'], Cmd: ['-c', 'x'] }, ['/bin/sh'], ['-c', 'x']],
    ['an empty list, which keeps the image command', { Entrypoint: [] }, [], ['serve']],
    ['an entrypoint taken away, with a command', { Entrypoint: [''], Cmd: ['x'] }, null, ['x']],
  ] as const) {
    it(`finds the program with ${what}`, () => {
      const merged = merge(asked);
      assert.deepEqual([merged.Entrypoint, merged.Cmd], [entrypoint, cmd]);
    });
  }

  it('refuses to run nothing', () => {
    assert.throws(() => merge({}, {}), { message: 'no command specified' });
    assert.throws(() => merge({ Entrypoint: [''] }), { message: 'no command specified' });
  });

  it('lets what was asked for win, by variable, label and number', () => {
    const merged = merge({
      User: 'root',
      Env: ['LANG=de', 'NEW=1', 'PATH'],
      Labels: { b: '3' },
      Volumes: { '/more': {} },
      Healthcheck: { Timeout: 1e9 },
      StopSignal: 'TERM',
    });
    assert.equal(merged.User, 'root');
    assert.deepEqual(merged.Env, ['LANG=de', 'NEW=1', 'PATH']);
    assert.deepEqual(merged.Labels, { a: '1', b: '3' });
    assert.deepEqual(Object.keys(merged.Volumes ?? {}), ['/data', '/more']);
    assert.equal(merged.StopSignal, 'TERM');
    assert.deepEqual(merged.Healthcheck?.Test, ['CMD', 'ok']);
    assert.equal(merged.Healthcheck?.Timeout, 1e9);
  });
});
