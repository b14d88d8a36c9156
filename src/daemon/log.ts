/** One line of the daemon's log, on standard error. */
export function warn(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message.replaceAll('\n', '\n  ')}\n`);
}
