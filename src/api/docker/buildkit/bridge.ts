import { canceled, notFound, type Reference, unsupported } from '../../../core/index.ts';
import { type Call, type Methods, unary } from '../../../session/index.ts';
import * as messages from './control-messages.ts';
import { answerQuestion } from './describe-report.ts';
import { exportersOf } from './exporters.ts';
import { failureOf } from './failure-status.ts';
import type { BuildkitPorts } from './ports.ts';
import { readCall } from './read-call.ts';
import { linkedResult, linkTo } from './result-link.ts';
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
          ...{ request, solves, sessions, signal },
        });
        const result = request.allowResultArrayRef
          ? { ref: { id: ref, def: linkTo(ref) }, metadata }
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
    solves,
    sessions,
    signal,
  }: {
    request: messages.BridgeSolve;
    solves: Solves;
    sessions: Sessions;
    signal: AbortSignal;
  },
): Promise<{ ref: string; metadata: ReadonlyMap<string, Uint8Array> }> {
  const { asked, session } = solve;
  if (request.Frontend === '' && request.Definition.length === 0) {
    return { ref: '', metadata: new Map() };
  }
  if (request.Frontend !== 'dockerfile.v0') {
    throw unsupported(
      `solve: only Dockerfiles are built here, not LLB or the frontend ${JSON.stringify(request.Frontend)}`,
    );
  }
  const call = await readCall(request.FrontendOpt, {
    ...{ asked, session, sessions, signal },
    cacheImports: request.CacheImports,
    inputs: await imagesOf(request.FrontendInputs, solves, signal),
  });
  const { builder } = ports;
  const options = { builder, session, ref: solve.ref, feed: solve.feed, signal };
  if (call.subrequest !== undefined) {
    return { ref: '', metadata: await answerQuestion(call, options) };
  }
  const exporters = exportersOf(exporterSpecs(asked));
  const built = await runCall(call, { ...options, exporters, dropName: ports.dropName });
  if (solve.isOver) {
    // Nobody else would ever give it back.
    await built[Symbol.asyncDispose]();
    throw canceled('solve: the client has left');
  }
  return { ref: solves.keep(solve, built), metadata: new Map() };
}

/** Images of the results that inputs stand for, by the inputs' names. */
async function imagesOf(
  inputs: ReadonlyMap<string, Uint8Array>,
  solves: Solves,
  signal: AbortSignal,
): Promise<Map<string, Reference>> {
  const images = new Map<string, Reference>();
  for (const [name, definition] of inputs) {
    const result = solves.result(linkedResult(definition));
    if (!result) throw notFound(`solve: the build that input ${name} stands on is over`);
    images.set(name, await result.image(signal));
  }
  return images;
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
  ...['reference.output', 'frontend.inputs'],
];

/** Sources and step features that clients look for before they ask for a build. */
const llbCapabilities = [
  ...[
    'source.image',
    'source.image.resolvemode',
    'source.ocilayout',
    'source.local',
    'source.local.unique',
  ],
  ...['source.local.sessionid', 'source.local.includepatterns', 'source.local.followpaths'],
  ...['source.local.excludepatterns', 'source.local.sharedkeyhint', 'source.git', 'source.http'],
  ...['source.git.keepgitdir', 'source.git.fullurl', 'source.git.subdir', 'source.http.checksum'],
  ...['exec.meta.base', 'exec.meta.network', 'exec.meta.security', 'exec.meta.ulimit'],
  ...['exec.meta.cgroup.parent', 'exec.mount.bind', 'exec.mount.cache', 'exec.mount.secret'],
  ...['exec.mount.ssh', 'exec.mount.tmpfs', 'exec.secretenv', 'file.base', 'constraints'],
  ...['platform', 'meta.ignorecache', 'exporter.sourcedateepoch', 'exporter.multiple'],
];
