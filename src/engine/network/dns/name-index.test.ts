import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createNameIndex, type NamedEndpoint } from './name-index.ts';

function endpoint(name: string, networkName: string, ipv4: string, more = {}): NamedEndpoint {
  return {
    containerId: name.charCodeAt(0).toString(16).padEnd(64, '0'),
    containerName: name,
    networkName,
    external: true,
    aliases: [],
    links: new Map(),
    ipv4,
    ipv6: '',
    upstreams: [],
    ...more,
  };
}

const web = endpoint('web', 'front', '10.0.0.2', { aliases: ['www', 'Service'] });
const web2 = endpoint('xeb', 'front', '10.0.0.3', { aliases: ['www'] });
const proxy = endpoint('proxy', 'front', '10.0.0.4', { links: new Map([['backend', 'web']]) });
const proxyInside = endpoint('proxy', 'back', '10.1.0.4');
const store = endpoint('store', 'back', '10.1.0.5', { ipv6: 'fd00::5' });

function index() {
  const names = createNameIndex();
  for (const one of [web, web2, proxy, proxyInside, store]) names.add(one);
  return names;
}

describe('name index', () => {
  for (const [asker, name, expected] of [
    [proxy, 'web', [web]],
    [proxy, 'WEB', [web]],
    [proxy, 'web.front', [web]],
    [proxy, 'web.back', []],
    [proxy, 'www', [web, web2]],
    [proxy, 'service', [web]],
    [proxy, web.containerId, [web]],
    [proxy, web.containerId.slice(0, 12), [web]],
    [proxy, web.containerId.slice(0, 11), []],
    [proxy, 'store', [store]],
    [proxy, 'backend', [web]],
    [proxy, 'proxy', [proxy, proxyInside]],
    [web, 'backend', []],
    [web, 'store', []],
    [store, 'web', []],
    [store, 'proxy', [proxyInside]],
    [web, '', []],
  ] as const) {
    it(`${asker.containerName} finds ${expected.length} as "${name}"`, () => {
      assert.deepEqual(index().resolve(asker.containerId, name), expected);
    });
  }

  it('knows askers and owners by address, on shared networks alone', () => {
    const names = index();
    assert.equal(names.at('front', '10.0.0.2'), web);
    assert.equal(names.at('back', '10.0.0.2'), undefined);
    assert.equal(names.reverse(proxy.containerId, 'fd00::5'), store);
    assert.equal(names.reverse(web.containerId, '10.1.0.5'), undefined);
  });

  it('forgets who left and keeps who shares the name', () => {
    const names = index();
    names.remove(web);
    names.remove(web);
    assert.deepEqual(names.resolve(proxy.containerId, 'www'), [web2]);
    assert.equal(names.at('front', '10.0.0.2'), undefined);
    assert.deepEqual(names.of(web.containerId), []);
  });
});
