import { relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { spec, type TestEvent } from 'node:test/reporters';

/** A reporter for `node --test`: node's own, with a line for each folder instead of each test that passes. */
export default async function* summary(source: AsyncIterable<TestEvent>): AsyncIterable<string> {
  yield* Readable.from(foldersAndFailures(source)).compose(new spec());
}

async function* foldersAndFailures(source: AsyncIterable<TestEvent>): AsyncIterable<TestEvent> {
  const seen = new Set<string>();
  for await (const event of source) {
    if (event.type === 'test:pass') {
      const { file = '' } = event.data;
      const message = relative(process.cwd(), file).split(sep).slice(0, 2).join(sep);
      if (seen.has(message)) continue;
      seen.add(message);
      yield { type: 'test:diagnostic', data: { file, nesting: 0, level: 'info', message } };
    } else if (event.type !== 'test:start') yield event;
  }
}
