import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Config, readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-config-'));
after(() => rmSync(folder, { recursive: true }));

function read(yaml: string, ...args: string[]): Config {
  const file = join(folder, 'berth.yaml');
  writeFileSync(file, yaml);
  const config = readConfig(['--config', file, ...args]);
  assert.ok('rootPath' in config);
  return config;
}

test('defaults', () => {
  const config = read('');
  assert.equal(config.rootPath, '/var/lib/berth');
  assert.deepEqual(config.hosts, ['unix:///run/berth/berth.sock']);
  assert.deepEqual(config.registry, {
    address: '127.0.0.1',
    port: 5000,
    anonymous: { pull: false, push: false },
  });
});

test('what the build cache may keep', () => {
  assert.deepEqual(read('').build, {});
  assert.deepEqual(read('build: { cache: 20G }').build, { cacheBytes: 20 * 2 ** 30 });
});

test('flags win over the file', () => {
  const config = read(
    'root: /a\nregistry: { address: "0.0.0.0:1" }',
    '--root',
    '/b',
    '--registry',
    '[::1]:6000',
  );
  assert.equal(config.rootPath, '/b');
  assert.equal(config.registry.address, '::1');
  assert.equal(config.registry.port, 6000);
});

for (const [yaml, message] of [
  ['roots: /a', /unknown setting roots; known are root,/],
  ['registry: { tls: { cert: x } }', /both cert and key/],
  ['registry: { adress: x }', /unknown setting registry\.adress/],
  ['hosts: a', /hosts must be a list of texts/],
  ['root: a', /not an absolute path/],
  ['- a', /the file is not a mapping/],
  ['a: [', /berth\.yaml/],
  ['runtimes: { kata: { paths: x } }', /runtimes\.kata must be a mapping with a path/],
] as const) {
  test(`refused: ${yaml}`, () => {
    assert.throws(() => read(yaml), message);
  });
}

test('an unknown flag shows the usage', () => {
  assert.throws(() => readConfig(['--rooot', 'x']), /rooot[\s\S]*Usage: berth daemon/);
});

test('a file that was named must be there', () => {
  assert.throws(
    () => readConfig(['--config', join(folder, 'none.yaml')]),
    /no such file or directory/,
  );
});
