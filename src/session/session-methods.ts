import { message } from '../core/index.ts';
import type { UnaryMethod } from './grpc/channel.ts';

/*
 * What a client of BuildKit may offer its daemon (BuildKit, session/…/*.proto), with the field
 * numbers of those files.
 */

/** Bytes of a stream that is carried in messages. */
export const bytesMessage = message<{ data: Uint8Array }>({ data: [1, 'bytes'] });

const nothing = message<Record<string, never>>({});

export const checkHealth = {
  path: '/grpc.health.v1.Health/Check',
  request: message<{ service: string }>({ service: [1, 'string'] }),
  /** 1 is: serving. */
  response: message<{ status: number }>({ status: [1, 'int32'] }),
};

export const getSecret: UnaryMethod<{ id: string }, { data: Uint8Array }> = {
  path: '/moby.buildkit.secrets.v1.Secrets/GetSecret',
  request: message({ id: [1, 'string'] }),
  response: bytesMessage,
};

export const checkAgent: UnaryMethod<{ id: string }, Record<string, never>> = {
  path: '/moby.sshforward.v1.SSH/CheckAgent',
  request: message({ id: [1, 'string'] }),
  response: nothing,
};

export const forwardAgentPath = '/moby.sshforward.v1.SSH/ForwardAgent';
export const agentIdHeader = 'buildkit.ssh.id';

export interface Login {
  readonly username: string;
  /** A password, or an identity token where the name is empty. */
  readonly secret: string;
}

export const getCredentials: UnaryMethod<{ host: string }, Login> = {
  path: '/moby.filesync.v1.Auth/Credentials',
  request: message({ host: [1, 'string'] }),
  response: message({ username: [1, 'string'], secret: [2, 'string'] }),
};

export const fileSendPath = '/moby.filesync.v1.FileSend/DiffCopy';
/** Led by this, headers say what is sent. */
export const exporterHeader = 'exporter-md-';
/** Which of several outputs of one build it is, as its place among them. */
export const exporterIdHeader = 'buildkit-attachable-exporter-id';

export const pullUploadPath = '/moby.upload.v1.Upload/Pull';
