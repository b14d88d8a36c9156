import { describe } from 'node:test';
import { check, get, type Registry } from './registry.ts';

export function baseSuite(registry: Registry): void {
  describe('base (end-1)', () => {
    for (const path of ['/v2/', '/v2']) {
      check(`GET ${path}`, () =>
        registry.exchange(get(path), {
          status: 200,
          headers: { 'docker-distribution-api-version': 'registry/2.0' },
        }),
      );
    }
    check('a path of no resource', () => registry.exchange(get('/v2/x/y/z'), { status: 404 }));
    check('a method of no resource', () =>
      registry.exchange(
        { method: 'POST', path: '/v2/x/tags/list' },
        { status: 405, code: 'UNSUPPORTED' },
      ),
    );
  });
}
