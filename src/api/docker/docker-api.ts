import { errorMessage } from '../../core/index.ts';
import { json, type Reply } from '../http/reply.ts';
import type { HijackRoute, Route, RouteTable } from '../http/route.ts';
import { statusOf } from '../http/status.ts';
import { admitApiVersion, newestApiVersion } from './api-version.ts';
import type { BuildPorts } from './build/ports.ts';
import { buildRoutes } from './build/routes.ts';
import { createBuildHistory } from './buildkit/history/build-history.ts';
import type { BuildkitPorts } from './buildkit/ports.ts';
import { buildkitHijacks } from './buildkit/routes.ts';
import { createSessions } from './buildkit/sessions.ts';
import type { ContainerPorts } from './containers/ports.ts';
import { containerHijacks, containerRoutes } from './containers/routes.ts';
import { type ExecPorts, execHijacks, execRoutes } from './exec/routes.ts';
import type { ImagePorts } from './images/ports.ts';
import { imageRoutes } from './images/routes.ts';
import type { NetworkPorts } from './networks/ports.ts';
import { networkRoutes } from './networks/routes.ts';
import { swarmRoutes } from './swarm/routes.ts';
import type { SystemPorts } from './system/ports.ts';
import { systemRoutes } from './system/routes.ts';
import { type VolumePorts, volumeRoutes } from './volumes/routes.ts';

/** All that Docker's Engine API asks of the daemon, by resource. */
export interface DockerPorts {
  readonly system: SystemPorts;
  readonly containers: ContainerPorts;
  readonly execs: ExecPorts;
  readonly images: ImagePorts;
  readonly builds: BuildPorts;
  readonly buildkit: BuildkitPorts;
  readonly networks: NetworkPorts;
  readonly volumes: VolumePorts;
  /** Berth's own version, for the Server header. */
  readonly version: string;
}

/** Docker's Engine API, 1.24 to 1.50. */
export function dockerApi(ports: DockerPorts): RouteTable {
  const shared = {
    sessions: createSessions(),
    history: createBuildHistory(ports.buildkit.records),
  };
  return dockerTable({
    version: ports.version,
    routes: [
      ...systemRoutes(ports.system),
      ...containerRoutes(ports.containers),
      ...execRoutes(ports.execs),
      ...imageRoutes(ports.images),
      ...buildRoutes(ports.builds, shared),
      ...networkRoutes(ports.networks),
      ...volumeRoutes(ports.volumes),
      ...swarmRoutes(),
    ],
    hijacks: [
      ...containerHijacks(ports.containers),
      ...execHijacks(ports.execs),
      ...buildkitHijacks(ports.buildkit, shared),
    ],
  });
}

/** What every route of Docker's API has in common: its headers, versions and errors. */
export function dockerTable(options: {
  version: string;
  routes: readonly Route[];
  hijacks?: readonly HijackRoute[];
}): RouteTable {
  return {
    routes: options.routes,
    hijacks: options.hijacks,
    headers: {
      'Api-Version': newestApiVersion,
      'Docker-Experimental': 'false',
      Ostype: 'linux',
      Server: `Berth/${options.version} (linux)`,
    },
    admit: ({ version }) => admitApiVersion(version),
    renderError: (error) => json({ message: errorMessage(error) }, statusOf(error)),
  };
}

/** Docker's answer to a path it does not know. */
export function pageNotFound(): Reply {
  return json({ message: 'page not found' }, 404);
}
