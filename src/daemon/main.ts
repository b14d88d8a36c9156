import { errorMessage } from '../core/index.ts';
import { beginAnewWhenCompiled } from './begin-compiled.ts';
import { readConfig } from './config.ts';
import { startDaemon } from './daemon.ts';
import { warn } from './log.ts';

try {
  const config = readConfig(process.argv.slice(2));
  if ('usage' in config) process.stdout.write(config.usage);
  else {
    beginAnewWhenCompiled();
    await run(config);
  }
} catch (error) {
  process.stderr.write(`berth daemon: ${errorMessage(error)}\n`);
  process.exitCode = 1;
}

async function run(config: Parameters<typeof startDaemon>[0]): Promise<void> {
  const daemon = await startDaemon(config);
  let isStopping = false;
  const stop = (options: { containers: boolean }) => {
    if (isStopping) return;
    isStopping = true;
    // What is waited for while stopping may keep no process alive by itself.
    setInterval(() => {}, 60_000);
    daemon.stop(options).then(
      () => process.exit(0),
      (error: unknown) => {
        warn(`stop daemon: ${errorMessage(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop({ containers: false }));
  process.on('SIGINT', () => stop({ containers: false }));
  daemon.onShutdownAsked(stop);
  // A fault nobody awaited is a defect of this program; what runs must not go down with it.
  process.on('unhandledRejection', (reason) =>
    warn(`unhandled: ${(reason as Error)?.stack ?? reason}`),
  );
}
