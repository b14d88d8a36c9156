import { Socket } from 'node:net';
import { openFifoBothWays } from '../../linux/index.ts';

/** The writing side of a process's standard input. */
export interface Stdin {
  /** Resolves when the process's pipe has taken it; input after the end is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** The process reads an end of file once it has read what was written. */
  close(): Promise<void>;
  /** Lets go of the pipe without ending it, for a daemon to come. */
  release(): void;
}

/**
 * Opens the fifo both ways, so that it stands without a reader too. The shim holds a writing end of
 * its own until `closeAtShim` tells it to let go.
 */
export function openStdin(path: string, closeAtShim: () => Promise<void>): Stdin {
  const fd = openFifoBothWays(path);
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => socket.destroy());
  socket.unref();
  let isOpen = true;
  return {
    async write(bytes) {
      if (!isOpen || bytes.length === 0 || socket.destroyed) return;
      const isTaken = await new Promise<boolean>((resolve) => {
        const closed = () => resolve(false);
        socket.once('close', closed);
        socket.write(bytes, (error) => {
          socket.off('close', closed);
          resolve(!error);
        });
      });
      if (!isTaken) isOpen = false;
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await new Promise<void>((resolve) => {
        if (socket.destroyed) resolve();
        else socket.end(() => resolve());
      });
      socket.destroy();
      await closeAtShim();
    },
    release() {
      isOpen = false;
      socket.destroy();
    },
  };
}
