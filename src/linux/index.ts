export {
  growPipe,
  makeFifo,
  openFifoBothWays,
  openFifoReader,
  punchFile,
  spliceToFile,
} from './process/fifo.ts';
export { openEventFd, Poller } from './process/poller.ts';
export { parseSignal } from './process/signals.ts';
