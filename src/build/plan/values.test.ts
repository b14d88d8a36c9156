import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCopyMode } from './copy-mode.ts';
import { exposedPorts } from './exposed-ports.ts';
import { checkSignal } from './signal.ts';

test('signals', () => {
  for (const text of ['SIGTERM', 'term', '9', 'RTMIN+3', 'SIGRTMAX-15']) checkSignal(text);
  for (const text of ['', '0', 'SIGFOO', '-1', 'RTMIN+16']) {
    assert.throws(() => checkSignal(text), { message: `invalid signal: ${text}` });
  }
});

test('exposed ports', () => {
  const cases: [string, string[]][] = [
    ['80', ['80/tcp']],
    ['53/UDP', ['53/udp']],
    ['8000-8002', ['8000/tcp', '8001/tcp', '8002/tcp']],
    ['8080:80', ['80/tcp']],
    ['127.0.0.1:8080:80/sctp', ['80/sctp']],
    ['[::1]:80:80', ['80/tcp']],
  ];
  for (const [spec, ports] of cases) assert.deepEqual(exposedPorts(spec), ports, spec);
  const bad: [string, string][] = [
    ['/tcp', 'no port specified: /tcp<empty>'],
    ['80/icmp', 'invalid port: "80/icmp": invalid proto: icmp'],
    ['foo', 'invalid containerPort: foo'],
    ['65536', 'invalid containerPort: 65536'],
    ['3-2', 'invalid containerPort: 3-2'],
    ['x:80', 'invalid hostPort: x'],
    ['1.2.3:1:80', 'invalid IP address: 1.2.3'],
    ['1-3:80-81', 'invalid ranges specified for container and host Ports: 80-81 and 1-3'],
  ];
  for (const [spec, message] of bad) assert.throws(() => exposedPorts(spec), { message }, spec);
});

test('modes of --chmod', () => {
  const file = (text: string, mode: number) => applied(text, mode, 0);
  const directory = (text: string, mode: number) => applied(text, mode, 0o10000);
  function applied(text: string, mode: number, flag: number): number {
    const parsed = parseCopyMode(text);
    return typeof parsed === 'number' ? parsed : parsed[mode | flag]!;
  }
  assert.equal(file('755', 0o600), 0o755);
  assert.equal(file('04711', 0), 0o4711);
  assert.equal(file('u+x', 0o644), 0o744);
  assert.equal(file('+x', 0o644), 0o755);
  assert.equal(file('go-rwx,u=rw', 0o777), 0o600);
  assert.equal(file('a+X', 0o644), 0o644);
  assert.equal(file('a+X', 0o744), 0o755);
  assert.equal(directory('a=rX', 0o700), 0o555);
  assert.equal(file('a=rX', 0o600), 0o444);
  assert.equal(file('g=u', 0o640), 0o660);
  assert.equal(file('u+s,+t', 0o755), 0o5755);
  assert.equal(file('u=rw', 0o4755), 0o655);
  assert.equal(directory('u=rwx', 0o4755), 0o4755);
  assert.equal(file('u+r-w+x', 0o200), 0o500);
  const octal = /it should be octal string and between 0 and 07777/;
  for (const text of ['8', '10000', '-1', '0x1ff']) {
    assert.throws(() => parseCopyMode(text), octal, text);
  }
  for (const text of ['', 'u', 'u+y', 'z+x', 'u+x,', 'u+rg']) {
    assert.throws(() => parseCopyMode(text), /invalid chmod parameter/, text);
  }
});
