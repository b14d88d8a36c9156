import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Nftables, NftObject } from '../../../linux/index.ts';
import { createFirewall } from './firewall.ts';
import type { PortRule } from './ruleset.ts';

const port: PortRule = { family: 4, protocol: 'tcp', hostPort: 80, address: '10.0.0.2', port: 80 };

/** Remembers scripts; refuses those that `refuse` matches. */
function fakeNft(refuse = /(?!)/, chains: NftObject[] = []) {
  const scripts: string[] = [];
  const own = { chain: { family: 'inet', table: 'berth0', name: 'publish' } };
  const ours = () => (scripts.at(-1) === 'flushed' ? [] : [own]);
  const nft: Nftables = {
    async run(script) {
      scripts.push(script);
      if (refuse.test(script)) throw new Error('No such file or directory');
    },
    query: async (command) => (command === 'list chains' ? [...chains, ...ours()] : []),
    [Symbol.dispose]() {},
  };
  return { nft, scripts };
}

function firewallOn(nft: Nftables, clock = { ms: 0 }) {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const firewall = createFirewall({ nft, table: 'berth0', now: () => clock.ms, warn });
  return { firewall, warnings };
}

describe('firewall', () => {
  it('notes changes until it starts, then carries each out by itself', async () => {
    const { nft, scripts } = fakeNft();
    const { firewall } = firewallOn(nft);
    await firewall.add({ ports: [port] });
    assert.deepEqual(scripts, []);
    await firewall.start();
    assert.match(scripts[0]!, /elements = \{ tcp \. 80 : 10\.0\.0\.2 \. 80 \}/);
    await firewall.remove({ ports: [port] });
    await firewall.remove({ ports: [port] });
    assert.deepEqual(scripts.slice(1), ['delete element inet berth0 published4 { tcp . 80 }\n']);
  });

  it('writes the whole table anew when the kernel has another one', async () => {
    const { nft, scripts } = fakeNft(/^add element/);
    const { firewall } = firewallOn(nft);
    await firewall.start();
    await firewall.add({ ports: [port] });
    assert.equal(scripts.length, 3);
    assert.match(scripts[2]!, /^add table inet berth0\ndelete table[\s\S]*tcp \. 80 : 10\.0\.0\.2/);
  });

  it('forgets what it could not add', async () => {
    const { nft, scripts } = fakeNft(/tcp \. 80/);
    const { firewall } = firewallOn(nft);
    await firewall.start();
    await assert.rejects(firewall.add({ ports: [port] }));
    await firewall.remove({ ports: [port] });
    await firewall.start();
    assert.doesNotMatch(scripts.at(-1)!, /tcp \. 80/);
  });

  const dropping = (name: string): NftObject => ({
    chain: { family: 'ip', table: 'filter', name, type: 'filter', hook: 'forward', policy: 'drop' },
  });
  it('asks to be let through by dropping chains of others, and seldom looks again', async () => {
    const accepting = { chain: { ...dropping('OK').chain!, policy: 'accept' } };
    const { nft, scripts } = fakeNft(undefined, [dropping('FORWARD'), accepting]);
    const clock = { ms: 0 };
    const { firewall } = firewallOn(nft, clock);
    await firewall.admit();
    await firewall.admit();
    assert.deepEqual(scripts, [
      'insert rule ip filter FORWARD meta mark & 0x00200000 == 0x00200000 accept comment "berth0"',
    ]);
    clock.ms = 10_000;
    await firewall.admit();
    assert.equal(scripts.length, 2);
  });

  it('writes the table anew when somebody has flushed it', async () => {
    const { nft, scripts } = fakeNft();
    const { firewall } = firewallOn(nft);
    await firewall.start();
    scripts.push('flushed');
    await firewall.admit();
    assert.equal(scripts.at(-1), scripts[0]);
  });

  it('says once which chain it cannot help', async () => {
    const { nft } = fakeNft(/insert/, [dropping('FORWARD'), dropping('hook')]);
    const clock = { ms: 0 };
    const { firewall, warnings } = firewallOn(nft, clock);
    await firewall.admit();
    clock.ms = 10_000;
    await firewall.admit();
    assert.equal(warnings.length, 2);
    assert.match(warnings[0]!, /chain ip filter FORWARD drops packets/);
  });
});
