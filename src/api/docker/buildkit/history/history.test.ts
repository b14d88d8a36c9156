import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BerthError, collect, message, streamOf } from '../../../../core/index.ts';
import { type Channel, contentInfo, contentRead } from '../../../../session/index.ts';
import {
  asBuild,
  type Build,
  client,
  contextOf,
  done,
  drive,
  imageId,
  moby,
  serve,
} from '../buildkit-fixture.ts';
import * as messages from '../control-messages.ts';
import { statusResponse } from '../status-messages.ts';
import type { BuildRecord } from './build-record.ts';
import { historyEvent, historyPath, historyRequest, updateHistory } from './history-messages.ts';
import { recordFilter } from './record-filter.ts';

const empty: BuildRecord = {
  ...{ ref: 'r', frontend: '', attributes: {}, exporters: [], createdAtMs: 1000, response: {} },
  ...{ steps: { total: 0, cached: 0, completed: 0, warnings: 0 }, pinned: false },
};

describe('filters of the history', () => {
  const running = { ...empty, ref: 'running' };
  const fast = { ...empty, ref: 'fast', completedAtMs: 2000 };
  const slow = { ...empty, ref: 'slow', createdAtMs: 5000, completedAtMs: 65_000 };
  const failed = { ...slow, ref: 'failed', failure: { code: 2, message: 'no' } };
  const left = { ...slow, ref: 'left', failure: { code: 1, message: 'x: context canceled' } };
  const all = [running, fast, slow, failed, left].map((one, index) => ({
    ...one,
    attributes: { 'vcs:source': `repository-${index}` },
  }));
  for (const [filters, expected] of [
    [[], 'running fast slow failed left'],
    [['status==error'], 'failed'],
    [['status==canceled', 'status==running'], 'running left'],
    [['ref~=^f'], 'fast failed'],
    [['repository==repository-1'], 'fast'],
    [['duration>30s'], 'slow failed left'],
    [['duration<=1s,status==completed'], 'fast'],
    [['startedAt>=1970-01-01T00:00:05Z'], 'slow failed left'],
    [['completedAt<1970-01-01T00:00:03Z,status!=running'], 'fast'],
    [['startedAt<1h'], 'running fast slow failed left'],
  ] as const) {
    test(filters.join(' or ') || 'none', () => {
      const found = all.filter(recordFilter(filters)).map(({ ref }) => ref);
      assert.equal(found.join(' '), expected);
    });
  }
  for (const filter of ['size==1', 'duration>x', 'startedAt>yesterday', 'duration=1s']) {
    test(`${filter} is refused`, () => {
      assert.throws(() => recordFilter([filter]), { kind: 'invalid' });
    });
  }
});

async function listed(channel: Channel, question: Partial<{ Ref: string; Limit: number }> = {}) {
  const call = channel.open(historyPath);
  await call.send([historyRequest.encode({ EarlyExit: true, ...question })]);
  call.end();
  const batches = await Array.fromAsync(call.messages);
  return batches.flat().map((bytes) => historyEvent.decode(bytes));
}

const build: Build = async (request, { onEvent }) => {
  if (request.target === 'bad') {
    throw new BerthError('invalid', 'process failed', { details: { line: 2, endLine: 2 } });
  }
  const step = { number: 1, stage: 'a', stageIndex: 0, text: 'RUN y', title: 'RUN y' };
  onEvent({ kind: 'plan', steps: [{ ...step, line: 1, endLine: 1 }] });
  onEvent({ kind: 'step-output', step: 1, stream: 'stdout', bytes: Buffer.from('hello\n') });
  onEvent({ kind: 'step-cached', step: 1, atMs: 1000, imageId });
  return done();
};

test('a build that went well is told of, and what it said', async () => {
  await using api = await serve(build);
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  assert.deepEqual(await listed(channel), []);
  await drive(channel);
  const [event, ...others] = await listed(channel);
  assert.equal(others.length, 0);
  const { record } = event!;
  assert.equal(event?.type, 1);
  assert.equal(record.Ref, 'b1');
  assert.deepEqual([record.numTotalSteps, record.numCachedSteps], [2, 1]);
  assert.deepEqual(record.Exporters, [{ Type: 'moby', Attrs: moby.Attrs }]);
  const [result] = record.Result?.Results ?? [];
  assert.equal(result?.value.digest, imageId);
  // Asked for again, the log is that of the history.
  for (let turn = 0; turn < 2; turn++) {
    const status = channel.open(messages.statusPath);
    await status.send([messages.statusRequest.encode({ Ref: 'b1' })]);
    status.end();
    const told = (await Array.fromAsync(status.messages)).flat();
    const logs = told.flatMap((bytes) => statusResponse.decode(bytes).logs);
    assert.equal(logs.map(({ msg }) => String(msg)).join(''), 'hello\n');
  }
});

test('a build that failed is told of with its error and its place', async () => {
  await using api = await serve(build);
  using offers = contextOf({ Dockerfile: 'FROM x\nRUN y\n' });
  await using channel = await client(api, offers);
  const solved = channel.ask(messages.solve, {
    ...{ Ref: 'b1', Session: 's1', Frontend: 'dockerfile.v0' },
    FrontendAttrs: new Map([['target', 'bad']]),
  });
  await assert.rejects(solved, /process failed/);
  const [{ record } = assert.fail('no record')] = await listed(channel, { Ref: 'b1' });
  assert.deepEqual(record.FrontendAttrs, new Map([['target', 'bad']]));
  assert.equal(record.error?.message, 'process failed');
  const { digest = '' } = record.externalError ?? {};
  const { info } = await channel.ask(contentInfo, { digest });
  const read = channel.open(contentRead.path);
  await read.send([contentRead.request.encode({ digest })]);
  read.end();
  const pieces = (await Array.fromAsync(read.messages)).flat();
  const bytes = await collect(
    streamOf(...pieces.map((piece) => Buffer.from(contentRead.response.decode(piece).data))),
    1e6,
  );
  assert.equal(Number(info?.size), bytes.length);
  const status = message<{ message: string }>({ message: [2, 'string'] });
  assert.equal(status.decode(bytes).message, 'process failed');
  await assert.rejects(channel.ask(contentInfo, { digest: 'sha256:0' }), { kind: 'not-found' });
});

test('records are pinned and dropped, and listeners hear of it', async () => {
  await using api = await serve(build);
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const call = channel.open(historyPath);
  await call.send([historyRequest.encode({})]);
  call.end();
  const heard: string[] = [];
  const hearing = (async () => {
    for await (const batch of call.messages) {
      for (const bytes of batch) {
        const { type, record } = historyEvent.decode(bytes);
        heard.push(`${type} ${record.Ref}${record.pinned ? ' pinned' : ''}`);
      }
      if (heard.at(-1)?.startsWith('2')) return;
    }
  })();
  await drive(channel);
  const questions = { Ref: 'b1', Session: 's1', Frontend: 'dockerfile.v0', Internal: true };
  await channel.ask(messages.solve, questions);
  await channel.ask(updateHistory, { Ref: 'b1', Pinned: true });
  assert.equal((await listed(channel))[0]?.record.pinned, true);
  await channel.ask(updateHistory, { Ref: 'b1', Delete: true });
  await hearing;
  call.cancel();
  assert.deepEqual(heard, ['0 b1', '1 b1', '1 b1 pinned', '2 b1 pinned']);
  assert.deepEqual(await listed(channel), []);
  await assert.rejects(channel.ask(updateHistory, { Ref: 'b1', Delete: true }), /no record found/);
});

test('a build under way is told of', async () => {
  await using api = await serve(build);
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const solved = channel.ask(messages.solve, { Ref: 'b1', Session: 's1' });
  await channel.ask(messages.ping, {}, asBuild);
  const [event] = await listed(channel);
  assert.deepEqual([event?.type, event?.record.CompletedAt], [0, null]);
  await channel.ask(messages.bridgeReturn, {}, asBuild);
  await solved;
});
