import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { ownDomains } from './open-registry.ts';

for (const [address, own, foreign] of [
  ['127.0.0.1', ['127.0.0.1:5000', 'localhost:5000'], ['127.0.0.1:5001', 'localhost']],
  ['0.0.0.0', ['localhost:5000', '127.0.0.1:5000', `${hostname()}:5000`], ['docker.io']],
  ['10.9.8.7', ['10.9.8.7:5000'], ['127.0.0.1:5000', 'localhost:5000']],
  ['::1', ['[::1]:5000', 'localhost:5000'], ['::1:5000']],
] as const) {
  test(`a registry at ${address} goes by ${own.join(', ')}`, () => {
    const domains = ownDomains(address, 5000);
    for (const domain of own) assert.ok(domains.has(domain), domain);
    for (const domain of foreign) assert.ok(!domains.has(domain), domain);
  });
}
