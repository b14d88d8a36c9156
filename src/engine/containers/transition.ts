import { conflict } from '../../core/index.ts';
import type { ContainerState, Exit } from './container.ts';

/** What can happen to a container. */
export type ContainerEvent =
  | { readonly kind: 'started'; readonly pid: number; readonly startedAtMs: number }
  /** It could not be started; the exit tells why. */
  | { readonly kind: 'start-failed'; readonly exit: Exit }
  | { readonly kind: 'exited'; readonly exit: Exit; readonly willRestart: boolean }
  /** The wait for the next attempt was called off. */
  | { readonly kind: 'restart-canceled' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unpaused' }
  | { readonly kind: 'removal-begun' }
  | { readonly kind: 'removal-failed' };

/**
 * The state after an event. Pure. Throws `conflict` for an event the state does not allow: verbs ask
 * first, so that is a race lost or an error of the engine.
 */
export function transition(state: ContainerState, event: ContainerEvent): ContainerState {
  switch (event.kind) {
    case 'started':
      allow(state, event, 'created', 'exited', 'restarting');
      return { kind: 'running', pid: event.pid, startedAtMs: event.startedAtMs };
    case 'start-failed':
      allow(state, event, 'created', 'exited', 'restarting');
      return state.kind === 'created'
        ? { kind: 'created', failure: event.exit }
        : { kind: 'exited', exit: event.exit };
    case 'exited':
      allow(state, event, 'running', 'paused');
      return { kind: event.willRestart ? 'restarting' : 'exited', exit: event.exit };
    case 'restart-canceled':
      if (state.kind !== 'restarting') return state;
      return { kind: 'exited', exit: state.exit };
    case 'paused':
      return state.kind === 'running' ? { ...state, kind: 'paused' } : refuse(state, event);
    case 'unpaused':
      return state.kind === 'paused' ? { ...state, kind: 'running' } : refuse(state, event);
    case 'removal-begun':
      allow(state, event, 'created', 'exited', 'restarting', 'dead', 'removing');
      return { kind: 'removing', exit: exitOf(state) };
    case 'removal-failed':
      allow(state, event, 'removing');
      return { kind: 'dead', exit: exitOf(state) };
  }
}

/** Docker's words for a verb that needs a container's processes. */
export function notRunning(id: string): Error {
  return conflict(`container ${id} is not running`, { code: 'NOT_RUNNING' });
}

/** How it ended last, when it is not running. */
export function exitOf(state: ContainerState): Exit | undefined {
  if (state.kind === 'created') return state.failure;
  return 'exit' in state ? state.exit : undefined;
}

/** Whether its processes exist: running or paused. */
export function isAlive(
  state: ContainerState,
): state is Extract<ContainerState, { kind: 'running' | 'paused' }> {
  return state.kind === 'running' || state.kind === 'paused';
}

function allow(
  state: ContainerState,
  event: ContainerEvent,
  ...kinds: ContainerState['kind'][]
): void {
  if (!kinds.includes(state.kind)) refuse(state, event);
}

function refuse(state: ContainerState, event: ContainerEvent): never {
  throw conflict(`change container: "${event.kind}" cannot happen to one that is ${state.kind}`);
}
