import { canceled, randomId, unsupported } from '../../../core/index.ts';
import { type Call, type Methods, unary } from '../../../session/index.ts';
import * as messages from './control-messages.ts';
import { exportersOf } from './exporters.ts';
import { failureOf } from './failure-status.ts';
import { lintReport } from './lint-report.ts';
import type { BuildkitPorts } from './ports.ts';
import { readCall } from './read-call.ts';
import { runCall } from './run-build.ts';
import type { Sessions } from './sessions.ts';
import type { Solve, Solves } from './solves.ts';
import { workerRecord } from './worker-record.ts';

/** moby.buildkit.v1.frontend.LLBBridge, as far as a client drives a Dockerfile build with it. */
export function bridgeMethods(
  ports: BuildkitPorts,
  { solves, sessions }: { solves: Solves; sessions: Sessions },
): Methods {
  const solveOf = ({ metadata, signal }: Call) =>
    solves.get(metadata[messages.buildIdHeader]?.[0] ?? '', signal);
  const { ping, bridgeSolve, evaluate, bridgeReturn } = messages;
  return {
    [ping.path]: unary(ping.request, ping.response, async (_request, call) => {
      await solveOf(call);
      const enabled = (ID: string) => ({ ID, Enabled: true });
      return {
        FrontendAPICaps: frontendCapabilities.map(enabled),
        LLBCaps: llbCapabilities.map(enabled),
        Workers: [workerRecord(ports)],
      };
    }),

    [bridgeSolve.path]: unary(bridgeSolve.request, bridgeSolve.response, async (request, call) => {
      const solve = await solveOf(call);
      const signal = AbortSignal.any([call.signal, solve.signal]);
      try {
        const { ref, metadata } = await solveFrontend(ports, solve, {
          ...{ request, sessions, signal },
        });
        const result = request.allowResultArrayRef
          ? { ref: { id: ref }, metadata }
          : { refDeprecated: ref, metadata };
        return { ref, result };
      } catch (error) {
        throw failureOf(error);
      }
    }),

    // A result stands when it is given.
    [evaluate.path]: unary(evaluate.request, evaluate.response, () => ({})),

    [bridgeReturn.path]: unary(
      bridgeReturn.request,
      bridgeReturn.response,
      async ({ result, error }, call) => {
        const { returned } = await solveOf(call);
        const ref = result?.ref?.id || result?.refDeprecated;
        returned.resolve(error ? { error } : { ref });
        return {};
      },
    ),
  };
}

async function solveFrontend(
  ports: BuildkitPorts,
  solve: Solve,
  {
    request,
    sessions,
    signal,
  }: { request: messages.BridgeSolve; sessions: Sessions; signal: AbortSignal },
): Promise<{ ref: string; metadata: ReadonlyMap<string, Uint8Array> }> {
  const { asked, session } = solve;
  if (request.Frontend === '' && request.Definition.length === 0) {
    return { ref: '', metadata: new Map() };
  }
  if (request.Frontend !== 'dockerfile.v0' || request.FrontendInputs.size > 0) {
    throw unsupported(
      `solve: only Dockerfiles are built here, not ${request.Frontend === 'dockerfile.v0' ? 'results of other targets' : `the frontend ${JSON.stringify(request.Frontend)}`} (LLB)`,
    );
  }
  const call = await readCall(request.FrontendOpt, {
    ...{ asked, session, sessions, signal },
    cacheImports: request.CacheImports,
  });
  const { builder } = ports;
  const options = { builder, session, ref: solve.ref, feed: solve.feed, signal };
  if (call.subrequest !== undefined) {
    return { ref: '', metadata: await lintReport(call, options) };
  }
  const built = await runCall(call, { ...options, exporters: exportersOf(exporterSpecs(asked)) });
  if (solve.isOver) {
    // Nobody else would ever give it back.
    await built[Symbol.asyncDispose]();
    throw canceled('solve: the client has left');
  }
  const ref = randomId();
  solve.results.set(ref, built);
  return { ref, metadata: new Map() };
}

/** Old clients have one exporter, new ones a list. */
export function exporterSpecs(asked: messages.ControlSolve): readonly messages.TypedAttributes[] {
  const { Exporters, ExporterDeprecated, ExporterAttrsDeprecated } = asked;
  if (Exporters.length > 0) return Exporters;
  if (ExporterDeprecated === '') return [];
  return [{ Type: ExporterDeprecated, Attrs: ExporterAttrsDeprecated }];
}

const frontendCapabilities = [
  ...['solve.base', 'resolveimage', 'return', 'returnmap', 'importcaches', 'proto.refarray'],
  ...['gateway.solve.metadata', 'gateway.evaluate', 'gateway.evaluate.solve'],
];

/** Sources and step features that clients look for before they ask for a build. */
const llbCapabilities = [
  ...['source.image', 'source.image.resolvemode', 'source.local', 'source.local.unique'],
  ...['source.local.sessionid', 'source.local.includepatterns', 'source.local.followpaths'],
  ...['source.local.excludepatterns', 'source.local.sharedkeyhint', 'source.git', 'source.http'],
  ...['source.git.keepgitdir', 'source.git.fullurl', 'source.git.subdir', 'source.http.checksum'],
  ...['exec.meta.base', 'exec.meta.network', 'exec.meta.security', 'exec.meta.ulimit'],
  ...['exec.meta.cgroup.parent', 'exec.mount.bind', 'exec.mount.cache', 'exec.mount.secret'],
  ...['exec.mount.ssh', 'exec.mount.tmpfs', 'exec.secretenv', 'file.base', 'constraints'],
  ...['platform', 'meta.ignorecache', 'exporter.sourcedateepoch', 'exporter.multiple'],
];
