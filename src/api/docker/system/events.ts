import { familiarName, invalid, parseReference } from '../../../core/index.ts';
import type { EngineEvent } from '../../../engine/index.ts';
import { wholeNumber } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { type Filters, filtersOf } from '../filters.ts';
import { parseTimestamp } from '../timestamp.ts';
import type { SystemPorts } from './ports.ts';

/** The values of `GET /events`: past events from since, then what comes, until until. */
export async function* watchEvents(
  events: SystemPorts['events'],
  { query, signal }: ApiRequest,
): AsyncIterable<unknown> {
  const { sinceMs, untilMs, filters } = eventRange(query);
  for await (const event of events.subscribe({ sinceMs, untilMs, signal })) {
    if (wants(filters, event)) yield eventMessage(event);
  }
}

/** Checks the query before a stream is begun. Throws `invalid`. */
export function eventRange(query: ApiRequest['query']) {
  const sinceMs = parseTimestamp(query.text('since'));
  const untilMs = parseTimestamp(query.text('until'));
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs > untilMs) {
    throw invalid(
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    );
  }
  return { sinceMs, untilMs, filters: filtersOf(query) };
}

/** The JSON of an event; containers and images also carry the fields of API 1.21. */
function eventMessage(event: EngineEvent): unknown {
  const { type, action, actorId, attributes, timeNs } = event;
  const legacy =
    type === 'container' || type === 'image'
      ? {
          status: action,
          id: actorId,
          ...(type === 'container' && attributes.image !== undefined && { from: attributes.image }),
        }
      : {};
  return {
    ...legacy,
    Type: type,
    Action: action,
    Actor: { ID: actorId, Attributes: attributes },
    scope: 'local',
    time: Number(timeNs / 1_000_000_000n),
    timeNano: wholeNumber(timeNs),
  };
}

/** Actions that carry their command after a colon; a filter names them without it. */
const openEnded = ['health_status', 'exec_create', 'exec_start'];
const named = [
  'daemon',
  'container',
  'plugin',
  'volume',
  'network',
  'node',
  'service',
  'secret',
  'config',
];

/** Whether an event passes the filters of `docker events`. */
export function wants(filters: Filters, event: EngineEvent): boolean {
  const { action, actorId, attributes, type } = event;
  const loose = openEnded.some((name) => filters.values('event').includes(name));
  return (
    (loose ? filters.prefix('event', action) : filters.exact('event', action)) &&
    filters.exact('type', type) &&
    filters.exact('scope', 'local') &&
    named.every(
      (name) =>
        filters.prefix(name, actorId) ||
        (attributes.name !== undefined && filters.prefix(name, attributes.name)),
    ) &&
    isOfImage(filters, event) &&
    filters.labels('label', attributes)
  );
}

function isOfImage(filters: Filters, { type, actorId, attributes }: EngineEvent): boolean {
  if (!filters.has('image')) return true;
  const name = (type === 'image' ? attributes.name : attributes.image) ?? '';
  return [actorId, name, withoutTag(actorId), withoutTag(name)].some((source) =>
    filters.exact('image', source),
  );
}

function withoutTag(name: string): string {
  try {
    return familiarName(parseReference(name));
  } catch {
    return name;
  }
}
