import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenges.ts';
import { endpointsOf } from './endpoints.ts';

const rules = { insecureRegistries: ['lab.test:5000', 'old.test', '10.1.0.0/16'], mirrors: [] };

for (const [domain, origins] of [
  ['registry.example.com', ['https://registry.example.com']],
  ['localhost:5000', ['https://localhost:5000', 'http://localhost:5000']],
  ['127.9.9.9', ['https://127.9.9.9', 'http://127.9.9.9']],
  ['[::1]:5000', ['https://[::1]:5000', 'http://[::1]:5000']],
  ['lab.test:5000', ['https://lab.test:5000', 'http://lab.test:5000']],
  ['lab.test:5001', ['https://lab.test:5001']],
  ['old.test:80', ['https://old.test:80', 'http://old.test:80']],
  ['10.1.2.3:5000', ['https://10.1.2.3:5000', 'http://10.1.2.3:5000']],
  ['10.2.2.3:5000', ['https://10.2.2.3:5000']],
  ['localhost.example.com', ['https://localhost.example.com']],
  ['docker.io', ['https://registry-1.docker.io']],
] as const) {
  test(`origins of ${domain}`, () => {
    assert.deepEqual(
      endpointsOf(domain, 'push', rules).map((endpoint) => endpoint.origins),
      [origins],
    );
  });
}

test('mirrors serve pulls from the Hub alone, before it', () => {
  const mirrored = { ...rules, mirrors: ['http://mirror.test:5000', 'https://m.test/'] };
  const hosts = (domain: string, purpose: 'pull' | 'push') =>
    endpointsOf(domain, purpose, mirrored).map(({ origins }) => origins[0]);
  assert.deepEqual(hosts('docker.io', 'pull'), [
    'http://mirror.test:5000',
    'https://m.test',
    'https://registry-1.docker.io',
  ]);
  assert.deepEqual(hosts('docker.io', 'push'), ['https://registry-1.docker.io']);
  assert.deepEqual(hosts('quay.test', 'pull'), ['https://quay.test']);
});

for (const [header, expected] of [
  [undefined, []],
  ['', []],
  ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
  [
    'Bearer realm="https://a/token",service="s",scope="repository:a:pull,push"',
    [['bearer', { realm: 'https://a/token', service: 's', scope: 'repository:a:pull,push' }]],
  ],
  ['Bearer realm=x , error="\\"q\\""', [['bearer', { realm: 'x', error: '"q"' }]]],
  [
    'Basic realm="x", Bearer realm="y"',
    [
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y' }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  // What follows cannot be understood, and must not be mistaken.
  ['Basic realm="unended', [['basic', {}]]],
  ['"', []],
] as const) {
  test(`challenge ${header}`, () => {
    const found = parseChallenges(header);
    assert.deepEqual(
      found.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
      expected,
    );
  });
}

test('a long hostile header is read in no time', () => {
  assert.ok(parseChallenges('a='.repeat(100_000)).length >= 0);
  assert.ok(parseChallenges(`Basic ${'x="\\'.repeat(50_000)}`).length >= 0);
});
