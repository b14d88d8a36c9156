import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPortClaims } from './port-claims.ts';

const port = (hostIp: string, hostPort = 80, protocol: 'tcp' | 'udp' = 'tcp') => ({
  hostIp,
  hostPort,
  protocol,
  containerPort: 80,
});

describe('port claims', () => {
  for (const [held, wanted, free] of [
    [port('0.0.0.0'), port('0.0.0.0'), false],
    [port('0.0.0.0'), port('127.0.0.1'), false],
    [port('127.0.0.1'), port('0.0.0.0'), false],
    [port('127.0.0.1'), port('127.0.0.2'), true],
    [port('0.0.0.0'), port('::'), true],
    [port('::'), port('::1'), false],
    [port('0.0.0.0'), port('0.0.0.0', 81), true],
    [port('0.0.0.0'), port('0.0.0.0', 80, 'udp'), true],
  ] as const) {
    const text = ({ hostIp, hostPort, protocol }: typeof held) =>
      `${hostIp} ${hostPort}/${protocol}`;
    it(`${text(wanted)} is ${free ? 'free' : 'taken'} beside ${text(held)}`, () => {
      const claims = createPortClaims();
      assert.equal(claims.claim(held), true);
      assert.equal(claims.claim(wanted), free);
      claims.release(held);
      if (!free) assert.equal(claims.claim(wanted), true);
    });
  }
});
