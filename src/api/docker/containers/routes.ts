import { empty, json } from '../../http/reply.ts';
import {
  type ApiRequest,
  del,
  get,
  type HijackRoute,
  head,
  post,
  put,
  type Route,
} from '../../http/route.ts';
import { attachByWebSocket, attachContainer, terminalSize } from './attach.ts';
import { commitContainer } from './commit.ts';
import { createContainer } from './create.ts';
import { exportContainer, readPath, statPath, writePath } from './files.ts';
import { inspectContainer } from './inspect.ts';
import {
  killContainer,
  pruneContainers,
  removeContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
  updateContainer,
  waitForContainer,
} from './lifecycle.ts';
import { listContainers } from './list.ts';
import { containerLogs } from './logs.ts';
import type { ContainerPorts } from './ports.ts';
import { containerStats } from './stats.ts';

export function containerRoutes(ports: ContainerPorts): Route[] {
  const { containers, files } = ports;
  return [
    get('/containers/json', (request) => listContainers(ports, request)),
    post('/containers/create', (request) => createContainer(ports, request)),
    post('/containers/prune', (request) => pruneContainers(ports, request)),
    get('/containers/:id/json', (request) => inspect(ports, request)),
    post('/containers/:id/start', (request) => startContainer(containers, request)),
    post('/containers/:id/stop', (request) => stopContainer(containers, request)),
    post('/containers/:id/restart', (request) => restartContainer(containers, request)),
    post('/containers/:id/kill', (request) => killContainer(containers, request)),
    post('/containers/:id/pause', async ({ params }) => {
      await containers.pause(params.id!);
      return empty(204);
    }),
    post('/containers/:id/unpause', async ({ params }) => {
      await containers.unpause(params.id!);
      return empty(204);
    }),
    post('/containers/:id/rename', (request) => renameContainer(containers, request)),
    post('/containers/:id/update', (request) => updateContainer(ports, request)),
    post('/containers/:id/wait', (request) => waitForContainer(containers, request)),
    post('/containers/:id/resize', async (request) => {
      await containers.resize(request.params.id!, terminalSize(request));
      return empty(200);
    }),
    del('/containers/:id', (request) => removeContainer(containers, request)),
    get('/containers/:id/logs', (request) => containerLogs(ports, request)),
    get('/containers/:id/stats', (request) => containerStats(containers, request)),
    get('/containers/:id/top', (request) => top(ports, request)),
    get('/containers/:id/changes', (request) => changes(ports, request)),
    get('/containers/:id/export', (request) => exportContainer(files, request)),
    head('/containers/:id/archive', (request) => statPath(files, request)),
    get('/containers/:id/archive', (request) => readPath(files, request)),
    put('/containers/:id/archive', (request) => writePath(ports, request)),
    post('/commit', (request) => commitContainer(ports, request)),
  ];
}

export function containerHijacks(ports: ContainerPorts): HijackRoute[] {
  return [
    {
      method: 'POST',
      path: '/containers/:id/attach',
      handle: (request, connection) => attachContainer(ports, request, connection),
    },
    {
      method: 'GET',
      path: '/containers/:id/attach/ws',
      handle: (request, connection) => attachByWebSocket(ports, request, connection),
    },
  ];
}

async function inspect({ containers, insight }: ContainerPorts, { params, query }: ApiRequest) {
  const withSize = query.flag('size');
  return json(await inspectContainer(containers.get(params.id!), insight, { withSize }));
}

async function top({ containers }: ContainerPorts, { params, query }: ApiRequest) {
  const { titles, processes } = await containers.top(params.id!, query.text('ps_args') || '-ef');
  return json({ Processes: processes, Titles: titles });
}

const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

async function changes({ containers }: ContainerPorts, { params }: ApiRequest) {
  const found = await containers.changes(params.id!);
  const view = found.map(({ path, kind }) => ({ Path: path, Kind: changeKinds[kind] }));
  return json(view.length > 0 ? view : null);
}
