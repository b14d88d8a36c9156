import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { errnoCode, errorMessage, invalid, parseSize } from '../core/index.ts';

/** Everything the daemon can be told, by file and flags; flags win. */
export interface Config {
  readonly rootPath: string;
  readonly runPath: string;
  /** `unix:///path` or `tcp://address:port`. */
  readonly hosts: readonly string[];
  readonly registry: {
    readonly address: string;
    readonly port: number;
    readonly tls?: { readonly certPath: string; readonly keyPath: string };
    readonly anonymous: { readonly pull: boolean; readonly push: boolean };
  };
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly bridge: { readonly name: string; readonly subnet?: string };
  readonly runtimes: Readonly<Record<string, { path: string }>>;
  readonly defaultRuntime: string;
  /** What the build cache may keep; a tenth of the disk when absent. */
  readonly build: { readonly cacheBytes?: number };
  readonly jobs: { readonly cpus: number; readonly memoryBytes: number };
  readonly labels: readonly string[];
}

const usage = `Usage: berth daemon [OPTIONS]

Run the daemon in the foreground.

  --root DIR               data (default /var/lib/berth)
  --run DIR                run files (default /run/berth)
  --host ADDRESS           where Docker's API is served, may be repeated
                           (default unix://RUN/berth.sock)
  --registry ADDRESS:PORT  where the registry is served (default 127.0.0.1:5000)
  --bridge NAME            interface of the default network (default berth0)
  --config FILE            settings (default /etc/berth/berth.yaml)
  -h, --help               this text
`;

const flags = {
  root: { type: 'string' },
  run: { type: 'string' },
  host: { type: 'string', multiple: true },
  registry: { type: 'string' },
  bridge: { type: 'string' },
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Throws `invalid` on an unknown flag or setting, naming the file. Returns the usage text for --help. */
export function readConfig(args: readonly string[]): Config | { usage: string } {
  const given = parseFlags(args);
  if (given.help) return { usage };
  const file = readSettings(given.config);
  const root = file.text('root');
  const run = file.text('run');
  const hosts = file.list('hosts');
  const rootPath = absolute('--root', given.root ?? root ?? '/var/lib/berth');
  const runPath = absolute('--run', given.run ?? run ?? '/run/berth');
  const registry = file.section('registry');
  const registryAddress = registry.text('address');
  const tls = registry.section('tls');
  const certPath = tls.text('cert');
  const keyPath = tls.text('key');
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw invalid('read configuration: registry.tls needs both cert and key');
  }
  const anonymous = registry.section('anonymous');
  const bridge = file.section('bridge');
  const bridgeName = bridge.text('name');
  const jobs = file.section('jobs');
  const memory = jobs.text('memory');
  const build = file.section('build');
  const cache = build.text('cache');
  const config: Config = {
    rootPath,
    runPath,
    hosts: given.host ?? hosts ?? [`unix://${join(runPath, 'berth.sock')}`],
    registry: {
      ...parseAddress(given.registry ?? registryAddress ?? '127.0.0.1:5000'),
      ...(certPath !== undefined && keyPath !== undefined && { tls: { certPath, keyPath } }),
      anonymous: { pull: anonymous.flag('pull') ?? false, push: anonymous.flag('push') ?? false },
    },
    insecureRegistries: file.list('insecureRegistries') ?? [],
    registryMirrors: file.list('registryMirrors') ?? [],
    bridge: {
      name: given.bridge ?? bridgeName ?? 'berth0',
      subnet: bridge.text('subnet'),
    },
    runtimes: file.runtimes(),
    defaultRuntime: file.text('defaultRuntime') ?? 'runc',
    build: { ...(cache !== undefined && { cacheBytes: parseSize(cache) }) },
    jobs: {
      cpus: jobs.number('cpus') ?? cpus().length,
      memoryBytes: memory === undefined ? Math.floor(totalmem() * 0.9) : parseSize(memory),
    },
    labels: file.list('labels') ?? [],
  };
  for (const section of [file, registry, tls, anonymous, bridge, build, jobs])
    section.refuseUnknown();
  return config;
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (cause) {
    throw invalid(`read flags: ${errorMessage(cause)}\n\n${usage}`, { cause });
  }
}

function readSettings(path: string | undefined): Section {
  const file = path ?? '/etc/berth/berth.yaml';
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (path !== undefined || errnoCode(cause) !== 'ENOENT') {
      throw invalid(`read configuration ${file}: ${errorMessage(cause)}`, { cause });
    }
  }
  try {
    return new Section(file, '', parse(text) ?? {});
  } catch (cause) {
    throw invalid(`read configuration ${file}: ${errorMessage(cause)}`, { cause });
  }
}

/** One mapping of the file, which remembers what was asked of it. */
class Section {
  readonly #file: string;
  readonly #prefix: string;
  readonly #values: Record<string, unknown>;
  readonly #known = new Set<string>();

  constructor(file: string, prefix: string, values: unknown) {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw invalid(`${prefix || 'the file'} is not a mapping`);
    }
    this.#file = file;
    this.#prefix = prefix;
    this.#values = values as Record<string, unknown>;
  }

  text(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw this.#wrong(key, 'a text');
  }

  number(key: string): number | undefined {
    const value = this.#take(key);
    if (value === undefined || (typeof value === 'number' && value > 0)) return value;
    throw this.#wrong(key, 'a positive number');
  }

  flag(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(key, 'true or false');
  }

  list(key: string): string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw this.#wrong(key, 'a list of texts');
  }

  section(key: string): Section {
    return new Section(this.#file, `${this.#prefix}${key}.`, this.#take(key) ?? {});
  }

  runtimes(): Record<string, { path: string }> {
    const runtimes: Record<string, { path: string }> = {};
    const section = this.section('runtimes');
    for (const name of Object.keys(section.#values)) {
      const runtime = section.section(name);
      const path = runtime.text('path');
      if (path === undefined) throw section.#wrong(name, 'a mapping with a path');
      runtimes[name] = { path };
      runtime.refuseUnknown();
    }
    return runtimes;
  }

  refuseUnknown(): void {
    const unknown = Object.keys(this.#values).filter((key) => !this.#known.has(key));
    if (unknown.length === 0) return;
    throw invalid(
      `read configuration ${this.#file}: unknown setting ${this.#prefix}${unknown[0]}; known are ${[...this.#known].join(', ')}`,
    );
  }

  #take(key: string): unknown {
    this.#known.add(key);
    return this.#values[key] ?? undefined;
  }

  #wrong(key: string, expected: string): Error {
    return invalid(`read configuration ${this.#file}: ${this.#prefix}${key} must be ${expected}`);
  }
}

function parseAddress(text: string): { address: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535)
    throw invalid(`read configuration: registry address "${text}" is not ADDRESS:PORT`);
  return { address: match[1]!.replace(/^\[|\]$/g, '') || '0.0.0.0', port };
}

function absolute(what: string, path: string): string {
  if (!isAbsolute(path))
    throw invalid(`read configuration: ${what} "${path}" is not an absolute path`);
  return path;
}
