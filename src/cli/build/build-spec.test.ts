import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type BuildFlags, specOf } from './build-spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-spec-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'file');
writeFileSync(file, 'x');

const none: BuildFlags = {
  ...{ tag: [], buildArg: [], buildContext: [], label: [], cache: true, noCacheFilter: [] },
  ...{ output: [], secret: [], ssh: [], cacheFrom: [], cacheTo: [], addHost: [], allow: [] },
  progress: 'auto',
};
const specWith = (flags: Partial<BuildFlags>) => specOf({ ...none, ...flags }).spec;

const wrong: [flags: Partial<BuildFlags>, message: RegExp][] = [
  [{ buildArg: ['=x'] }, /^parse --build-arg: "=x" is not name=value$/],
  [{ buildArg: [''] }, /^parse --build-arg: "" is not name=value$/],
  [{ label: ['=x'] }, /^parse --label: "=x" is not name=value$/],
  [{ addHost: ['host'] }, /^parse --add-host: "host" is not name:address$/],
  [{ addHost: [':1.2.3.4'] }, /^parse --add-host: ":1\.2\.3\.4" is not name:address$/],
  [{ addHost: ['host:there'] }, /^parse --add-host: "there" in "host:there" is no IP address$/],
  [{ shmSize: 'big' }, /^parse --shm-size: "big" is no size such as 512m$/],
  [{ memory: '-1' }, /^parse --memory: "-1" is no size such as 512m$/],
  [{ platform: 'none' }, /^"none": unknown operating system or architecture: invalid argument$/],
  [{ platform: 'linux/amd64,linux/arm64' }, /is several; a build is for one platform$/],
  [{ ssh: [`id=${folder}/none`] }, /^parse --ssh: id=\S+none: no such file or directory$/],
  [{ ssh: [`id=${file}`] }, /^parse --ssh: id=\S+file: it is no socket of an agent$/],
  [{ secret: [`id=s,src=${folder}/none`] }, /^read secret s: open \S+none: no such file or/],
  [{ buildContext: [`c=${file}`] }, /^parse --build-context: c=\S+: there is no such folder$/],
  [{ allow: ['all'] }, /^parse --allow: unknown entitlement "all"/],
];
for (const [flags, message] of wrong) {
  test(`refused: ${JSON.stringify(flags).replace(folder, '')}`, () => {
    assert.throws(() => specWith(flags), { kind: 'invalid', message });
  });
}

test('hosts, with either sign and addresses of both families', () => {
  const addHost = ['a:1.2.3.4', 'b=::1', 'c:[::2]', 'd:host-gateway'];
  assert.deepEqual(specWith({ addHost }).extraHosts, [
    'a:1.2.3.4',
    'b:::1',
    'c:::2',
    'd:host-gateway',
  ]);
});

test('an agent is a socket', async () => {
  const path = join(folder, 'agent');
  await using server = createServer();
  await new Promise<void>((listening) => server.listen(path, listening));
  assert.deepEqual(specWith({ ssh: [`id=${path}`] }).ssh, { id: path });
});
