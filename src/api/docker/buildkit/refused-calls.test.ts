import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { openChannel } from '../../../session/index.ts';
import { type Build, client, contextOf, drive, hijack, moby, serve } from './buildkit-fixture.ts';
import * as messages from './control-messages.ts';

describe('what is refused', () => {
  const never: Build = async () => {
    throw new Error('not to be built');
  };
  for (const [name, attributes, exporters, message] of [
    ['an option nobody knows', { 'new-thing': '1' }, [moby], /new-thing=1 is not supported/],
    ['an exporter', {}, [{ Type: 'x', Attrs: new Map() }], /exporter "x" could not be found/],
    ['a missing Dockerfile', { filename: 'no/Df' }, [moby], /open no\/Df: no such file/],
    ['a Dockerfile outside', { filename: '../../etc/passwd' }, [moby], /open etc\/passwd: no such/],
    ['another question', { requestid: 'frontend.x' }, [moby], /unsupported request frontend.x/],
  ] as const) {
    test(name, async () => {
      await using api = await serve(never);
      using offers = contextOf({ Dockerfile: 'FROM x\n' });
      await using channel = await client(api, offers);
      await assert.rejects(drive(channel, attributes, exporters as never), message);
    });
  }

  test('LLB, other frontends, unknown builds and sessions', async () => {
    await using api = await serve(never);
    await using channel = openChannel(await hijack(api, '/grpc'));
    const { solve } = messages;
    const definition = { Ref: 'b', Definition: Buffer.from('x') };
    await assert.rejects(channel.ask(solve, definition), /only Dockerfiles are built here/);
    await assert.rejects(channel.ask(solve, { Ref: 'b', Frontend: 'gateway.v0' }), /gateway.v0/);
  });

  test('connections that are not what they should be', async () => {
    await using api = await serve(never);
    const upgrade = { connection: 'Upgrade', upgrade: 'tcp' };
    for (const [path, headers, message] of [
      ['/session', {}, /no upgrade proto in request/],
      ['/grpc', upgrade, /protocol tcp not supported/],
      ['/session', { ...upgrade, upgrade: 'h2c' }, /it has no id/],
    ] as const) {
      const { status, body } = await api.ask('POST', path, { headers });
      assert.equal(status, 400);
      assert.match(body, message);
    }
    const socket = await hijack(api, '/grpc');
    socket.write('this is not HTTP/2 at all, and ends soon');
    await once(socket.resume(), 'close');
  });
});
