import type { Command } from 'commander';
import { type Connection, connect } from '../client/index.ts';
import { invalid } from '../core/index.ts';

export const defaultRunPath = '/run/berth';

/** Reads one more `--host`. */
export function collectHost(address: string, earlier: readonly string[] = []): string[] {
  return [...earlier, address];
}

/** What `--host` names, as often as it was given. */
export function hostsOf(command: Command): readonly string[] {
  return command.optsWithGlobals<{ host?: string[] }>().host ?? [];
}

/** The daemon that --host or BERTH_HOST names. Throws `invalid` for more than one. */
export function connectFrom(command: Command): Connection {
  return connect(
    oneHost(command) ?? process.env.BERTH_HOST ?? `unix://${defaultRunPath}/berth.sock`,
  );
}

/** The one `--host` that may be given, if it was. */
export function oneHost(command: Command): string | undefined {
  const [host, ...more] = hostsOf(command);
  if (more.length > 0) throw invalid('read flags: only one --host can be talked to');
  return host;
}
