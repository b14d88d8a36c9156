import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { invalid, message } from '../../core/index.ts';
import { type Any, runcOptions } from './task-messages.ts';

/** A runtime as the operator writes it, in the shape of `runtimes` in Docker's daemon.json. */
export interface RuntimeConfig {
  /** Binary of an OCI runtime, run under the runc shim. Excludes `runtimeType`. */
  readonly path?: string;
  readonly runtimeArgs?: readonly string[];
  /** A shim: `io.containerd.kata.v2`, or the absolute path of its binary. */
  readonly runtimeType?: string;
  /** Of the shim: `BinaryName`, `SystemdCgroup` for runc's; `TypeUrl`, `ConfigPath` for others. */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Runtime {
  readonly name: string;
  /** Name or path of the shim's binary. */
  readonly shimBinary: string;
  /** What `Create` hands to the shim. */
  readonly options: Any;
  /** The runtime has systemd make cgroups: paths are of the form `slice:prefix:name`. */
  readonly systemdCgroup: boolean;
  /** Binary of the OCI runtime where the shim is runc's. */
  readonly ociBinary?: string;
}

export interface Runtimes {
  readonly defaultName: string;
  readonly names: readonly string[];
  /** The default one when no name is given. Throws `invalid` in Docker's words for an unknown one. */
  get(name?: string): Runtime;
  /** As `get`, undefined for an unknown one. */
  find(name: string): Runtime | undefined;
}

const runcShim = 'io.containerd.runc.v2';
const genericOptions = message<{ type_url: string; config_path: string }>({
  type_url: [1, 'string'],
  config_path: [2, 'string'],
});

/**
 * The runtimes known by name: `runc` always, and those configured. `runPath` takes the state of the
 * OCI runtimes and wrapper scripts for those with arguments. Throws `invalid` on a bad configuration.
 */
export function createRuntimes(options: {
  runPath: string;
  defaultName?: string;
  configured?: Readonly<Record<string, RuntimeConfig>>;
}): Runtimes {
  const { runPath, configured = {} } = options;
  if (configured.runc) throw invalid("configure runtimes: runtime name 'runc' is reserved");
  const known = new Map<string, Runtime>();
  const add = (name: string, config: RuntimeConfig) =>
    known.set(name, toRuntime(name, config, runPath));
  add('runc', { path: 'runc' });
  add(runcShim, { path: 'runc' });
  for (const [name, config] of Object.entries(configured)) add(name, config);
  const defaultName = options.defaultName ?? 'runc';
  function find(name: string): Runtime | undefined {
    const runtime = known.get(name || defaultName);
    if (runtime) return runtime;
    // As Docker: a shim found by its name alone is fine, a path would let anyone run any binary.
    const isShim = /^[^./][^/]*\.[^/]*$/.test(name);
    return isShim ? toRuntime(name, { runtimeType: name }, runPath) : undefined;
  }
  function get(name = defaultName): Runtime {
    const runtime = find(name);
    if (!runtime) throw invalid(`unknown or invalid runtime name: ${name}`);
    return runtime;
  }
  get(defaultName);
  return { defaultName, names: [...known.keys()], get, find };
}

function toRuntime(name: string, config: RuntimeConfig, runPath: string): Runtime {
  const { path, runtimeType, runtimeArgs = [], options = {} } = config;
  if (!path && !runtimeType) {
    throw invalid(`runtime ${name}: either a runtimeType or a path must be configured`);
  }
  if (path && runtimeType) {
    throw invalid(
      `runtime ${name}: cannot configure both path and runtimeType for the same runtime`,
    );
  }
  if (path && Object.keys(options).length > 0) {
    throw invalid(`runtime ${name}: options cannot be used with a path runtime`);
  }
  if (runtimeType && runtimeArgs.length > 0) {
    throw invalid(`runtime ${name}: args cannot be used with a runtimeType runtime`);
  }
  if (runtimeType && runtimeType !== runcShim) {
    return {
      name,
      shimBinary: shimBinaryOf(runtimeType),
      systemdCgroup: options.SystemdCgroup === true,
      options: optionsForOthers(options),
    };
  }
  const plain = path ?? String(options.BinaryName ?? 'runc');
  const ociBinary = runtimeArgs.length > 0 ? wrap(name, plain, runtimeArgs, runPath) : plain;
  const systemdCgroup = options.SystemdCgroup === true;
  const value = runcOptions.encode({
    binary_name: ociBinary,
    root: join(runPath, `runtime-${basename(plain)}`),
    systemd_cgroup: systemdCgroup,
  });
  return {
    name,
    shimBinary: shimBinaryOf(runcShim),
    systemdCgroup,
    options: { type_url: 'containerd.runc.v1.Options', value },
    ociBinary,
  };
}

/** `io.containerd.kata.v2` is served by `containerd-shim-kata-v2`. */
function shimBinaryOf(runtimeType: string): string {
  if (runtimeType.startsWith('/')) return runtimeType;
  const [kind, version] = runtimeType.split('.').slice(-2);
  return `containerd-shim-${kind}-${version}`;
}

function optionsForOthers(options: Readonly<Record<string, unknown>>): Any {
  if (Object.keys(options).length === 0) return { type_url: '', value: new Uint8Array() };
  const value = genericOptions.encode({
    type_url: String(options.TypeUrl ?? ''),
    config_path: String(options.ConfigPath ?? ''),
  });
  return { type_url: 'runtimeoptions.v1.Options', value };
}

/** The shim cannot pass arguments on to its runtime, a script can; named by content, as running containers use it. */
function wrap(name: string, binary: string, args: readonly string[], runPath: string): string {
  const quoted = [binary, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const script = `#!/bin/sh\nexec ${quoted} "$@"\n`;
  const hash = createHash('sha256').update(script).digest('hex').slice(0, 16);
  const folder = join(runPath, 'runtimes');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.${hash}`);
  writeFileSync(path, script, { mode: 0o700 });
  return path;
}
