import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildRequest } from '../../../build/index.ts';
import {
  joinConnection,
  serveSession,
  sessionHeaders,
  socketPair,
} from '../../../session/index.ts';
import { type Build, client, contextOf, done, drive, serve } from './buildkit-fixture.ts';
import * as messages from './control-messages.ts';

test('a session within the connection, and a folder that is another session’s', async () => {
  let seen: BuildRequest | undefined;
  await using api = await serve(async (request) => {
    seen = request;
    return done();
  });
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  using other = contextOf({ Dockerfile: 'FROM other\n' });
  await using channel = await client(api, offers);
  // The client's end of the carried connection, as buildx has it for builds that share files.
  using pair = await socketPair();
  await using _server = serveSession(pair.near, other);
  const headers = sessionHeaders(other, { id: 's2' });
  const metadata = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat()]),
  );
  const call = channel.open(messages.sessionPath, { metadata });
  const joined = joinConnection(call, pair.far, call.end);
  await drive(channel, { 'local-sessionid:dockerfile': 's2' });
  assert.deepEqual(seen?.dockerfile, {
    text: 'FROM other\n',
    fileName: 'Dockerfile',
    ignore: undefined,
  });
  pair.far.destroy();
  await joined.catch(() => {});
  // What ends a carried connection ends nothing else.
  await drive(channel);
});

test('a build stands on the result of another that is still open', async () => {
  const seen: BuildRequest[] = [];
  const dropped: string[] = [];
  const build: Build = async (request) => {
    seen.push(request);
    return done();
  };
  await using api = await serve(build, async (reference) => void dropped.push(reference.path));
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const begin = async (ref: string, FrontendInputs = new Map<string, Uint8Array>()) => {
    const metadata = { metadata: { [messages.buildIdHeader]: [ref] } };
    const solved = channel.ask(messages.solve, { Ref: ref, Session: 's1' });
    solved.catch(() => {});
    await channel.ask(messages.ping, {}, metadata);
    const FrontendOpt = new Map(FrontendInputs.size > 0 ? [['context:base', 'input:0-a']] : []);
    const { result } = await channel.ask(
      messages.bridgeSolve,
      { Frontend: 'dockerfile.v0', FrontendOpt, FrontendInputs, allowResultArrayRef: true },
      metadata,
    );
    const end = async () => {
      await channel.ask(messages.bridgeReturn, { result }, metadata);
      await solved;
    };
    return { end, definition: result.ref!.def! };
  };
  const parent = await begin('a');
  const child = await begin('b', new Map([['0-a', parent.definition]]));
  await child.end();
  await parent.end();
  const [, named, standing] = seen;
  assert.deepEqual(named?.outputs, [{ kind: 'image' }]);
  const base = standing?.contexts?.base;
  assert.deepEqual(base, { kind: 'image', reference: named?.tags[0] });
  assert.deepEqual(dropped, [named?.tags[0]?.path], 'its name goes with it');
  await assert.rejects(begin('c', new Map([['0-a', parent.definition]])), /is over/);
  const foreign = Buffer.from([10, 4, 26, 2, 10, 0]);
  await assert.rejects(begin('d', new Map([['0-a', foreign]])), /is LLB and not the result/);
});
