import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../test/contract/sample-layers.ts';
import { withConfig } from '../mutate.ts';
import { analyzeImage } from './analyze-image.ts';

async function analyzed(...layers: Record<string, SampleMember>[]) {
  return analyzeImage(await layeredImage(layers.map((members) => ({ members }))));
}

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n';

const secrets: [path: string, text: string, kind: string | undefined][] = [
  ['root/.ssh/id_ed25519', key, 'private key'],
  ['app/server.key', `x\n${key.replace('OPENSSH ', '')}`, 'private key'],
  ['app/server.key', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n', 'private key (encrypted)'],
  ['app/ca.pem', '-----BEGIN CERTIFICATE-----\n', undefined],
  ['root/.ssh/id_rsa.pub', 'ssh-rsa AAAA', undefined],
  ['root/.aws/credentials', '[default]\naws_secret_access_key = abc\n', 'AWS secret access key'],
  ['root/.aws/config', '[default]\nregion = eu\n', undefined],
  ['root/.npmrc', '//registry/:_authToken=npm_abc\n', 'npm token'],
  // Taken from the environment, so that nothing is given away.
  ['root/.npmrc', `//registry/:_authToken=\${NPM_TOKEN}\n`, undefined],
  ['root/.pypirc', '[pypi]\npassword: abc\n', 'PyPI password'],
  ['root/.netrc', 'machine a login b password c\n', 'password for a host'],
  ['root/.git-credentials', 'https://user:abc@host\n', 'git password'],
  ['root/.docker/config.json', '{"auths":{"r":{"auth":"YWI="}}}', 'registry password'],
  ['root/.docker/config.json', '{"auths":{"r":{}}}', undefined],
  ['app/.env', 'A=1\nexport DB_PASSWORD="abc"\n', 'variable DB_PASSWORD'],
  ['.env', 'API_KEY=abc\n', 'variable API_KEY'],
  ['app/.env.production', 'TOKEN_FILE=/run/token\nDEBUG=true\n', undefined],
  ['app/.env.example', 'API_KEY=abc\n', undefined],
  ['app/service-account.json', '{"private_key": "x"}', 'cloud account key'],
];

for (const [path, text, kind] of secrets) {
  test(`secret: ${path} with ${JSON.stringify(text.slice(0, 40))}`, async () => {
    const { inventory } = await analyzed({ [path]: text });
    const found = inventory.secrets.map((secret) => [secret.kind, secret.path]);
    assert.deepEqual(found, kind === undefined ? [] : [[kind, `/${path}`]]);
  });
}

test('files made to keep patterns busy take no longer than others', async () => {
  const fills = ['\n', ' ', '\n ', 'a=', 'password ', '"auth":"', '-----BEGIN ', 'x:x:', '://'];
  const names = [
    ...['a.pem', '.aws/config', '.npmrc', '.pypirc', '.netrc', '.git-credentials', 'auth.json'],
    ...['.docker/config.json', '.kube/config', 'credentials.json', '.env', '.pgpass'],
  ];
  const files = names.flatMap((name) =>
    fills.map((fill, index) => [`${index}/${name}`, fill.repeat(65_536 / fill.length)] as const),
  );
  // 50 of each: with a pattern that is not linear this would take many minutes.
  for (let turn = 0; turn < 50; turn++) await analyzed(Object.fromEntries(files));
});

test('a secret that was removed is still found, with the layer that hid it', async () => {
  const { inventory } = await analyzed({ 'k/id_rsa': key }, { a: 1 }, { '.wh.k': 0 });
  assert.deepEqual(inventory.secrets, [
    { kind: 'private key', path: '/k/id_rsa', layer: 0, hiddenBy: 2 },
  ]);
});

test('secrets in variables and build arguments', async () => {
  const image = withConfig(await layeredImage([]), (config) => ({
    ...config,
    config: { Env: ['PATH=/bin', 'API_TOKEN=abc', 'PASSWORD_FILE=/run/x', 'EMPTY_SECRET='] },
    history: [
      { created_by: '|2 A=b DB_PASSWORD=abc /bin/sh -c make', empty_layer: true },
      { created_by: 'ARG SECRET_KEY=abc', empty_layer: true },
      { created_by: 'ARG SECRET_KEY', empty_layer: true },
    ],
  }));
  assert.deepEqual((await analyzeImage(image)).configSecrets, [
    { kind: 'variable API_TOKEN', where: 'ENV' },
    { kind: 'build argument DB_PASSWORD', where: 'history line 1' },
    { kind: 'build argument SECRET_KEY', where: 'history line 2' },
  ]);
});

test('setuid and world-writable files of the finished image', async () => {
  const { risks } = await analyzed(
    {
      'bin/su': { sizeBytes: 1, mode: 0o4755 },
      'bin/gone': { sizeBytes: 1, mode: 0o4755 },
      'bin/data': { sizeBytes: 1, mode: 0o2644 },
      'tmp/': { type: 'directory', mode: 0o1777 },
      'open/': { type: 'directory', mode: 0o777 },
      'open/file': { sizeBytes: 1, mode: 0o666 },
      link: { type: 'symlink', linkTarget: 'x', mode: 0o777 },
    },
    { 'bin/.wh.gone': 0 },
  );
  assert.deepEqual(
    risks.map(({ kind, path, isDirectory }) => [kind, path, isDirectory]),
    [
      ['setid', '/bin/su', false],
      ['world-writable', '/open', true],
      ['world-writable', '/open/file', false],
    ],
  );
});

test('package caches left behind, by layer', async () => {
  const { caches } = await analyzed(
    { 'var/lib/apt/lists/': '', 'var/lib/apt/lists/a': 100, 'root/.npm/_cacache/x': 10 },
    { 'var/lib/apt/lists/b': 300, 'root/.wh..npm': 0 },
  );
  assert.deepEqual(caches, [
    { path: '/var/lib/apt/lists', manager: 'apt', layer: 1, files: 1, sizeBytes: 300 },
    { path: '/var/lib/apt/lists', manager: 'apt', layer: 0, files: 1, sizeBytes: 100 },
  ]);
});

test('files of one content, across layers', async () => {
  const text = 'x'.repeat(5000);
  const { duplicates } = await analyzed(
    { a: text, gone: text, other: 'y'.repeat(5000), small1: 'z', small2: 'z' },
    { 'd/b': text, c: text, '.wh.gone': 0 },
  );
  assert.deepEqual(duplicates, [
    {
      sizeBytes: 5000,
      count: 3,
      wastedBytes: 10_000,
      files: [
        { path: '/a', layer: 0 },
        { path: '/d/b', layer: 1 },
        { path: '/c', layer: 1 },
      ],
    },
  ]);
});
