import { readSync } from 'node:fs';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { errorMessage, notFound } from '../../../core/index.ts';
import { Poller } from '../../../linux/index.ts';
import { ContainerOutput, isDiskFull } from './container-output.ts';
import type { Command, NumberedCommand, Report } from './messages.ts';

/**
 * The thread that moves the output of all containers, so that a talkative one costs the daemon's own
 * thread nothing. It waits in the kernel on every fifo and on one descriptor that announces commands.
 */
const { wakeFd } = workerData as { wakeFd: number };
const retryWhenFullMs = 1000;
const poller = new Poller();
const outputs = new Map<string, ContainerOutput>();
const bySubscriber = new Map<number, ContainerOutput>();
const watched = new Map<number, ContainerOutput>();
/** Waiting for room on the disk. */
let parked = false;

const report = (message: Report) => parentPort?.postMessage(message);

poller.add(wakeFd);
let running = true;
while (running) {
  const ready = poller.wait(parked ? retryWhenFullMs : -1);
  if (parked) watchAgain();
  for (const fd of ready) {
    if (fd === wakeFd) takeCommands();
    else pump(fd);
  }
}

function pump(fd: number): void {
  const output = watched.get(fd);
  if (!output) return;
  tolerateFullDisk(output, () => output.pump(fd));
}

/** A full disk stops the container at its pipe; it goes on when there is room. */
function tolerateFullDisk(output: ContainerOutput, act: () => void): void {
  try {
    act();
    watchWanted(output);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    parked = true;
    unwatch(output);
  }
}

function watchAgain(): void {
  parked = false;
  for (const output of outputs.values()) watchWanted(output);
}

function watchWanted(output: ContainerOutput): void {
  const wanted = new Set(output.wanted);
  for (const [fd, owner] of watched) {
    if (owner !== output || wanted.has(fd)) continue;
    poller.remove(fd);
    watched.delete(fd);
  }
  for (const fd of wanted) {
    if (watched.has(fd)) continue;
    poller.add(fd);
    watched.set(fd, output);
  }
}

function unwatch(output: ContainerOutput): void {
  for (const [fd, owner] of watched) {
    if (owner !== output) continue;
    poller.remove(fd);
    watched.delete(fd);
  }
}

function takeCommands(): void {
  readSync(wakeFd, Buffer.alloc(8));
  for (;;) {
    const received = receiveMessageOnPort(parentPort!) as { message: NumberedCommand } | undefined;
    if (!received) return;
    const { number, command } = received.message;
    try {
      obey(command);
      report({ kind: 'answer', number });
    } catch (error) {
      report({ kind: 'answer', number, error: errorMessage(error) });
    }
  }
}

function obey(command: Command): void {
  switch (command.kind) {
    case 'open': {
      const output = new ContainerOutput(command.options, report);
      outputs.set(command.options.id, output);
      if (command.options.resume) tolerateFullDisk(output, () => output.catchUp());
      else watchWanted(output);
      break;
    }
    case 'subscribe': {
      const output = known(command.options.id);
      bySubscriber.set(command.options.subscriber, output);
      output.subscribe(command.options);
      break;
    }
    case 'unsubscribe':
      serve(command.subscriber, (output) => output.unsubscribe(command.subscriber));
      bySubscriber.delete(command.subscriber);
      break;
    case 'passed-on':
      serve(command.subscriber, (output) => output.passedOn(command.subscriber, command.sizeBytes));
      break;
    case 'watch-log':
      outputs.get(command.id)?.watchLog(command.on);
      break;
    case 'take-rest': {
      const output = outputs.get(command.id);
      output?.takeRest();
      if (output) watchWanted(output);
      break;
    }
    case 'close':
      close(command.id);
      break;
    case 'quit':
      for (const output of outputs.values()) {
        // Others that became readable in the same turn still come after this.
        unwatch(output);
        output.leave();
      }
      running = false;
      break;
  }
}

/** Acts for a subscriber; what it has had may let its container go on. */
function serve(subscriber: number, act: (output: ContainerOutput) => void): void {
  const output = bySubscriber.get(subscriber);
  if (!output) return;
  act(output);
  if ([...outputs.values()].includes(output)) watchWanted(output);
}

function close(id: string): void {
  const output = outputs.get(id);
  if (!output) return;
  unwatch(output);
  outputs.delete(id);
  output.finish();
}

function known(id: string): ContainerOutput {
  const output = outputs.get(id);
  if (!output) throw notFound(`follow output: container ${id} has none`);
  return output;
}
