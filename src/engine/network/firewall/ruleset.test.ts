import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type BridgeRules, type PortRule, renderChange, renderTable } from './ruleset.ts';

const defaultBridge: BridgeRules = {
  bridgeName: 'berth0',
  subnets: [{ family: 4, prefix: '172.17.0.0/16' }],
  internal: false,
  masquerade: true,
  betweenContainers: true,
};
const dualStack: BridgeRules = {
  ...defaultBridge,
  bridgeName: 'br-0123456789ab',
  subnets: [
    { family: 4, prefix: '10.7.0.0/24' },
    { family: 6, prefix: 'fd00:7::/64' },
  ],
};
const internal: BridgeRules = {
  ...defaultBridge,
  bridgeName: 'br-inside',
  subnets: [{ family: 4, prefix: '10.8.0.0/24' }],
  internal: true,
};
const loner: BridgeRules = {
  ...defaultBridge,
  bridgeName: 'br.dot',
  subnets: [{ family: 4, prefix: '10.9.0.0/24' }],
  masquerade: false,
  betweenContainers: false,
};
const web: PortRule = {
  family: 4,
  protocol: 'tcp',
  hostPort: 8080,
  address: '172.17.0.2',
  port: 80,
};
const ports: PortRule[] = [
  web,
  { ...web, protocol: 'udp' },
  { ...web, protocol: 'sctp', hostPort: 9 },
  { ...web, hostAddress: '127.0.0.1', hostPort: 5432, port: 5432 },
  { ...web, family: 6, address: 'fd00:7::2' },
  { ...web, family: 6, hostAddress: '2001:db8::1', address: 'fd00:7::2' },
];

const cases: { name: string; bridges: BridgeRules[]; ports: PortRule[] }[] = [
  { name: 'empty', bridges: [], ports: [] },
  { name: 'default-bridge', bridges: [defaultBridge], ports: [web] },
  { name: 'all-kinds', bridges: [defaultBridge, dualStack, internal, loner], ports },
];

/** Golden scripts; run with UPDATE_GOLDEN=1 to write them anew and read the difference. */
function matchGolden(file: string, actual: string): void {
  const path = new URL(`../testdata/ruleset/${file}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, actual);
  assert.equal(actual, readFileSync(path, 'utf8'));
}

describe('ruleset', () => {
  for (const { name, ...rules } of cases) {
    it(`renders ${name}`, () => {
      matchGolden(`${name}.nft`, renderTable({ table: 'berth0', ...rules }));
    });
  }
  for (const verb of ['add', 'delete'] as const) {
    it(`renders what to ${verb}, set by set`, () => {
      const bridges = [dualStack, internal, loner];
      matchGolden(`${verb}.nft`, renderChange(verb, { table: 'berth0', bridges, ports }));
    });
  }
  it('renders no change as no script', () => {
    assert.equal(renderChange('add', { table: 'berth0', bridges: [], ports: [] }), '');
  });
});
