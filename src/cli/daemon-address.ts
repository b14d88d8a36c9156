import type { Command } from 'commander';
import { type Connection, connect } from '../client/index.ts';

export const defaultRunPath = '/run/berth';

/** The daemon that --host or BERTH_HOST names. */
export function connectFrom(command: Command): Connection {
  const { host } = command.optsWithGlobals<{ host?: string }>();
  return connect(host ?? process.env.BERTH_HOST ?? `unix://${defaultRunPath}/berth.sock`);
}
