import { unlessAborted, unsupported } from '../../../core/index.ts';
import { type Methods, serverStream, unary } from '../../../session/index.ts';
import { bridgeMethods, exporterSpecs } from './bridge.ts';
import { cacheOptionsOf, usageRecordOf, usageWanted } from './cache-records.ts';
import * as messages from './control-messages.ts';
import { exportersOf } from './exporters.ts';
import { failureOf, returnedFailure } from './failure-status.ts';
import type { BuildHistory } from './history/build-history.ts';
import { historyMethods } from './history/history-methods.ts';
import type { BuildkitPorts } from './ports.ts';
import { readCall } from './read-call.ts';
import { type BuiltCall, runCall } from './run-build.ts';
import { holdInside, type Sessions } from './sessions.ts';
import { createSolves, type Solve } from './solves.ts';
import { statusResponse } from './status-messages.ts';
import { workerRecord } from './worker-record.ts';

/** What a connection of BuildKit's API serves: Control, and LLBBridge for the client's own part. */
export function buildkitMethods(
  ports: BuildkitPorts,
  { sessions, history }: { sessions: Sessions; history: BuildHistory },
): Methods {
  const solves = createSolves(history);
  const { solve } = messages;
  return {
    ...bridgeMethods(ports, { solves, sessions }),
    ...stateMethods(ports),
    ...historyMethods(history),

    // A session inside of this connection, for clients that open no other.
    [messages.sessionPath]: (call) => holdInside(call, sessions),

    [solve.path]: unary(solve.request, solve.response, async (asked, { signal }) => {
      refuse(asked);
      const session = asked.Session ? await sessions.get(asked.Session, signal) : undefined;
      const ended = session ? AbortSignal.any([signal, session.closed]) : signal;
      const begun = solves.begin(asked, { session, signal: ended });
      try {
        const built =
          asked.Frontend === '' ? await driven(begun) : await direct(ports, begun, sessions);
        const ExporterResponse = (await built?.deliver(ended)) ?? new Map<string, string>();
        begun.followed.done(ExporterResponse);
        return { ExporterResponse };
      } catch (error) {
        begun.followed.failed(error);
        throw failureOf(error);
      } finally {
        solves.end(begun);
        await using results = new AsyncDisposableStack();
        for (const result of begun.results.values()) results.use(result);
      }
    }),

    [messages.statusPath]: serverStream(
      messages.statusRequest,
      statusResponse,
      async function* ({ Ref }, { signal }) {
        yield* await solves.feed(Ref, signal);
      },
    ),
  };
}

/** What the daemon tells of itself and its build cache. */
function stateMethods(ports: BuildkitPorts): Methods {
  const { listWorkers, info, diskUsage } = messages;
  return {
    [listWorkers.path]: unary(listWorkers.request, listWorkers.response, () => ({
      record: [workerRecord(ports)],
    })),

    [info.path]: unary(info.request, info.response, () => ({
      buildkitVersion: { package: 'berth', version: `v${ports.version}`, revision: '' },
    })),

    [diskUsage.path]: unary(diskUsage.request, diskUsage.response, async (request) => {
      const records = await ports.cache.usage();
      return { record: inWords(() => usageWanted(request, records)).map(usageRecordOf) };
    }),

    [messages.prunePath]: serverStream(
      messages.pruneRequest,
      messages.pruneResponse,
      async function* (request) {
        const before = await ports.cache.usage();
        const options = inWords(() => cacheOptionsOf(request, before));
        const { deleted } = await ports.cache.prune(options);
        const gone = new Set(deleted);
        for (const usage of before) if (gone.has(usage.id)) yield usageRecordOf(usage);
      },
    ),
  };
}

/** What is thrown, as clients of BuildKit show it: without the name of a code before it. */
function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failureOf(error);
  }
}

function refuse({ Definition, SourcePolicy, Frontend }: messages.ControlSolve): void {
  if (Definition.length > 0) throw unsupported('solve: only Dockerfiles are built here, not LLB');
  if (SourcePolicy.length > 0) throw unsupported('solve: source policies are not supported');
  if (!['', 'dockerfile.v0'].includes(Frontend)) {
    throw unsupported(`solve: the frontend ${JSON.stringify(Frontend)} is not supported`);
  }
}

/** Waits for a client that drives its build itself. */
async function driven({ returned, results, signal }: Solve): Promise<BuiltCall | undefined> {
  const { ref, error } = await unlessAborted(returned.promise, signal);
  if (error) throw returnedFailure(error);
  return ref ? results.get(ref) : undefined;
}

/** Builds what the request itself describes. */
async function direct(ports: BuildkitPorts, solve: Solve, sessions: Sessions): Promise<BuiltCall> {
  const { asked, session, signal, ref, feed } = solve;
  const call = await readCall(asked.FrontendAttrs, { asked, session, sessions, signal });
  const exporters = exportersOf(exporterSpecs(asked));
  const { builder } = ports;
  const built = await runCall(call, { builder, session, ref, feed, signal, exporters });
  solve.results.set(ref, built);
  return built;
}
