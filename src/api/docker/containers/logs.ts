import { encodeFrame, invalid } from '../../../core/index.ts';
import type { LogLine } from '../../../engine/index.ts';
import { coalesce } from '../../http/coalesce.ts';
import { bytes, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { parseTimestamp } from '../timestamp.ts';
import type { ContainerPorts } from './ports.ts';
import { streamType } from './stream-type.ts';

/** `docker logs`: raw bytes for a terminal, else frames; the status is sent at once. */
export function containerLogs(
  { containers, streams }: Pick<ContainerPorts, 'containers' | 'streams'>,
  request: ApiRequest,
): Reply {
  const { query } = request;
  const stdout = query.flag('stdout');
  const stderr = query.flag('stderr');
  const follow = query.flag('follow');
  if (!stdout && !stderr) {
    throw invalid('Bad parameters: you must choose at least one stream');
  }
  const { id, config } = containers.get(request.params.id!);
  const lines = streams.logs(id, {
    stdout,
    stderr,
    follow,
    sinceMs: parseTimestamp(query.text('since')),
    untilMs: parseTimestamp(query.text('until')),
    tail: tailOf(query.text('tail')),
    signal: request.signal,
  });
  const tty = config.Tty ?? false;
  const format = { tty, timestamps: query.flag('timestamps'), details: query.flag('details') };
  return bytes(coalesce(formatLines(lines, format)), streamType(request.version, tty), {
    head: 'at-once',
  });
}

/** Anything that is not a number of lines means all of them. */
function tailOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function* formatLines(
  lines: AsyncIterable<LogLine>,
  { tty, timestamps, details }: { tty: boolean; timestamps: boolean; details: boolean },
): AsyncGenerator<Uint8Array> {
  for await (const { stream, time, bytes: content, attributes } of lines) {
    let prefix = timestamps ? `${time} ` : '';
    if (details) prefix += `${detailsText(attributes)} `;
    const line = prefix === '' ? content : Buffer.concat([Buffer.from(prefix), content]);
    yield tty ? line : encodeFrame({ stream, bytes: line });
  }
}

/** `a=b,c=d`, sorted and escaped as in a query. */
function detailsText(attributes: LogLine['attributes'] = {}): string {
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(',');
}
