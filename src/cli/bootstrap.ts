import { execFile, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Connection, imagesClient } from '../client/index.ts';
import { digestOf, invalid, parseReference, unavailable } from '../core/index.ts';

export interface BootstrapOptions {
  mirror?: string;
  include?: string;
  refresh?: boolean;
  tag?: string;
  onProgress: (line: string) => void;
}

/** What Docker's official Debian images set: no caches, no translations, no services started. */
const aptSettings = [
  'Apt::AutoRemove::SuggestsImportant "false"',
  'Acquire::Languages "none"',
  'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; }',
];

/**
 * Makes a base image from a distribution's packages with mmdebstrap and gives it to the daemon.
 * The archive is kept below the cache folder and used again. Throws `invalid` for a distribution
 * it does not know, `unavailable` when the mirror or mmdebstrap fails.
 */
export async function bootstrap(
  connection: Connection,
  name: string,
  options: BootstrapOptions,
): Promise<void> {
  const match = /^(debian|ubuntu):([a-z][a-z0-9.-]*)$/.exec(name);
  if (!match) {
    throw invalid(
      `bootstrap image: "${name}" is not debian:SUITE or ubuntu:SUITE, such as debian:bookworm`,
    );
  }
  const [, distribution, suite] = match as unknown as [string, string, string];
  const target = parseReference(options.tag ?? name);
  const sources = options.mirror
    ? [`deb ${options.mirror} ${suite} main`]
    : await sourcesOf(distribution, suite);
  const key = digestOf(JSON.stringify([sources, options.include, aptSettings])).slice(7, 19);
  const archive = join(cachePath(), `${distribution}-${suite}-${key}.tar`);
  if (options.refresh || !existsSync(archive)) {
    const mirrors = sources.join(', ') || "the distribution's own mirror";
    options.onProgress(`bootstrapping ${name} from ${mirrors}`);
    await makeArchive(archive, suite, sources, options);
  } else {
    options.onProgress(`using the kept archive ${archive}`);
  }
  await imagesClient(connection).import(createReadStream(archive, { highWaterMark: 1 << 20 }), {
    repository: `${target.domain}/${target.path}`,
    tag: target.tag ?? 'latest',
    changes: ['CMD ["bash"]'],
  });
}

async function makeArchive(
  archive: string,
  suite: string,
  sources: readonly string[],
  { include, onProgress }: BootstrapOptions,
): Promise<void> {
  mkdirSync(dirname(archive), { recursive: true });
  const temporary = `${archive}.${process.pid}.tmp`;
  const child = spawn(
    'mmdebstrap',
    [
      '--variant=minbase',
      '--format=tar',
      ...aptSettings.map((setting) => `--aptopt=${setting}`),
      ...(include ? [`--include=${include}`] : []),
      suite,
      temporary,
      ...sources,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('I: ')) onProgress(line.slice(3));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('error', (cause) =>
        reject(
          unavailable(
            `bootstrap image: cannot run mmdebstrap: ${cause.message}: install it (apt-get install mmdebstrap)`,
            { cause },
          ),
        ),
      );
      child.on('close', (code, signal) => {
        if (code === 0) resolve();
        else
          reject(
            unavailable(
              `bootstrap image: mmdebstrap ended with ${signal ?? code}:\n${lines.slice(-10).join('\n')}`,
            ),
          );
      });
    });
    const file = await open(temporary, 'r');
    await file.sync();
    await file.close();
    await rename(temporary, archive);
  } finally {
    await rm(temporary, { force: true });
  }
}

function cachePath(): string {
  const base =
    process.getuid?.() === 0
      ? '/var/cache'
      : (process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'));
  return join(base, 'berth/bootstrap');
}

/** The lines of this machine's own package sources for a suite; none leave it to mmdebstrap. */
async function sourcesOf(distribution: string, suite: string): Promise<string[]> {
  const format = '$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)';
  const targets = await promisify(execFile)('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]).catch(
    () => ({ stdout: '' }), // not a Debian machine, or no lists yet
  );
  const lines = new Set<string>();
  for (const line of targets.stdout.split('\n')) {
    const [site, release, component, origin] = line.split(' ');
    const belongs = release === suite || release?.startsWith(`${suite}-`);
    if (site && belongs && origin?.toLowerCase() === distribution)
      lines.add(`deb ${site} ${release} ${component}`);
  }
  return [...lines];
}
