import type { Reference } from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import type { ControlSolve, TypedAttributes } from './control-messages.ts';
import { type FrontendCall, folderSessionIds, frontendCallOf } from './frontend-attributes.ts';
import type { Sessions } from './sessions.ts';

/** A frontend's call by its attributes and by what its Solve says; waits for the sessions it names. */
export async function readCall(
  attributes: ReadonlyMap<string, string>,
  options: {
    asked: ControlSolve;
    cacheImports?: readonly TypedAttributes[];
    /** Images of other builds' results, by the names of inputs. */
    inputs?: ReadonlyMap<string, Reference>;
    session: Session | undefined;
    sessions: Sessions;
    signal: AbortSignal;
  },
): Promise<FrontendCall> {
  const { asked, cacheImports = [], inputs, session, sessions, signal } = options;
  const folderSessions = new Map<string, Session>();
  for (const [name, id] of Object.entries(folderSessionIds(attributes))) {
    folderSessions.set(name, await sessions.get(id, signal));
  }
  return frontendCallOf(attributes, {
    session,
    folderSessions,
    inputs,
    cacheImports: [...cacheImports, ...(asked.Cache?.Imports ?? [])],
    cacheExports: asked.Cache?.Exports ?? [],
    entitlements: asked.Entitlements,
    signal,
  });
}
