import { conflict, encodeFrame, errorMessage, invalid } from '../../../core/index.ts';
import type { ContainerStreams, Exec, ExecRequest } from '../../../engine/index.ts';
import { array, boolean, type Decode, integer, object, string } from '../../http/decode.ts';
import { empty, json, type Reply } from '../../http/reply.ts';
import {
  type ApiRequest,
  get,
  type Hijack,
  type HijackRoute,
  post,
  type Route,
} from '../../http/route.ts';
import { terminalSize } from '../containers/attach.ts';
import { streamType } from '../containers/stream-type.ts';

/** What the routes of exec need of the daemon. */
export type ExecPorts = Pick<
  ContainerStreams,
  'createExec' | 'startExec' | 'resizeExec' | 'getExec'
>;

export function execRoutes(ports: ExecPorts): Route[] {
  return [
    post('/containers/:id/exec', (request) => createExec(ports, request)),
    get('/exec/:id/json', ({ params }) => json(execView(ports.getExec(params.id!)))),
    post('/exec/:id/resize', async (request) => {
      await ports.resizeExec(request.params.id!, terminalSize(request));
      return empty(200);
    }),
  ];
}

export function execHijacks(ports: ExecPorts): HijackRoute[] {
  return [
    {
      method: 'POST',
      path: '/exec/:id/start',
      handle: (request, connection) => startExec(ports, request, connection),
    },
  ];
}

const consoleSize = array(integer) as Decode<[height: number, width: number]>;

const execRequest = object<ExecRequest>({
  Cmd: array(string),
  Env: array(string),
  User: string,
  WorkingDir: string,
  Tty: boolean,
  Privileged: boolean,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  DetachKeys: string,
  ConsoleSize: consoleSize,
});

async function createExec(ports: ExecPorts, request: ApiRequest): Promise<Reply> {
  const wanted = execRequest(await request.json(), '');
  if (!wanted?.Cmd?.length) throw invalid('No exec command specified');
  return json(await createdView(ports, request.params.id!, wanted), 201);
}

async function createdView(ports: ExecPorts, container: string, wanted: ExecRequest) {
  const { id } = await ports.createExec(container, wanted);
  return { Id: id };
}

const startRequest = object<{ Detach: boolean; Tty: boolean; ConsoleSize: [number, number] }>({
  Detach: boolean,
  Tty: boolean,
  ConsoleSize: consoleSize,
});

/**
 * Runs an exec on the connection. It is accepted before the process starts, so what goes wrong from
 * then on is told on the stream, as Docker does.
 */
async function startExec(
  ports: ExecPorts,
  request: ApiRequest,
  connection: Hijack,
): Promise<Reply | undefined> {
  const { id, request: created, state } = ports.getExec(request.params.id!);
  const { Detach: detach, Tty, ConsoleSize } = startRequest(await request.json(), '') ?? {};
  const tty = Tty ?? created.Tty ?? false;
  if (detach) {
    if (state.kind !== 'created') throw conflict(alreadyStarted(id, state));
    await ports.startExec(id, undefined, { tty });
    return empty(200);
  }
  connection.accept(streamType(connection.upgrade ? request.version : '1.24', tty));
  const [rows, columns] = ConsoleSize ?? [];
  const size = rows !== undefined && columns !== undefined ? { rows, columns } : undefined;
  try {
    if (state.kind !== 'created') throw conflict(alreadyStarted(id, state));
    await ports.startExec(id, connection.stream, { tty, detachKeys: created.DetachKeys, size });
  } catch (error) {
    if (request.signal.aborted) return undefined;
    const bytes = Buffer.from(`${errorMessage(error)}\r\n`);
    connection.stream.write(tty ? bytes : encodeFrame({ stream: 'stdout', bytes }));
  }
  return undefined;
}

function alreadyStarted(id: string, state: Exec['state']): string {
  const how = state.kind === 'running' ? 'is already running' : 'has already run';
  return `exec command ${id} ${how}`;
}

/** The answer of `GET /exec/:id/json`. */
export function execView({ id, containerId, request, state }: Exec): unknown {
  const [entrypoint = '', ...args] = request.Cmd;
  return {
    ID: id,
    Running: state.kind === 'running',
    ExitCode: state.kind === 'exited' ? state.code : null,
    ProcessConfig: {
      tty: request.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: request.Privileged ?? false,
      ...(request.User && { user: request.User }),
    },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: request.DetachKeys ?? '',
    Pid: state.kind === 'running' ? state.pid : 0,
  };
}
