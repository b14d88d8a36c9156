import type { Channel } from './grpc/channel.ts';
import { checkHealth } from './session-methods.ts';

const intervalMs = 5000;
const patienceMs = 30_000;

/**
 * Asks the client now and then whether it is still there, and cuts the connection when no answer
 * comes: a machine that was switched off ends no connection by itself.
 */
export function watchHealth(channel: Channel, isOffered: boolean): void {
  if (!isOffered) return;
  let _asking: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    _asking ??= channel.ask(checkHealth, {}, { signal: AbortSignal.timeout(patienceMs) }).then(
      () => {
        _asking = undefined;
      },
      () => channel[Symbol.asyncDispose](),
    );
  }, intervalMs).unref();
  channel.closed.addEventListener('abort', () => clearInterval(timer));
}
