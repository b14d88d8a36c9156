import { newestApiVersion, oldestApiVersion } from '../api-version.ts';
import type { SystemFacts } from './ports.ts';

/** The answer of `GET /version`. */
export function versionReply(facts: SystemFacts): unknown {
  const details = {
    ApiVersion: newestApiVersion,
    Arch: facts.architecture,
    BuildTime: facts.buildTime,
    Experimental: 'false',
    GitCommit: facts.gitCommit,
    GoVersion: runtimeName,
    KernelVersion: facts.kernelVersion,
    MinAPIVersion: oldestApiVersion,
    Os: 'linux',
  };
  return {
    Platform: { Name: 'Berth' },
    Components: [
      { Name: 'Engine', Version: facts.version, Details: details },
      ...facts.components.map(({ name, version, commit }) => ({
        Name: name,
        Version: version,
        Details: { GitCommit: commit },
      })),
    ],
    Version: facts.version,
    ApiVersion: newestApiVersion,
    MinAPIVersion: oldestApiVersion,
    GitCommit: facts.gitCommit,
    GoVersion: runtimeName,
    Os: 'linux',
    Arch: facts.architecture,
    KernelVersion: facts.kernelVersion,
    BuildTime: facts.buildTime,
  };
}

/** Clients print this field as "Go version"; what runs Berth is Node. */
const runtimeName = `node${process.versions.node}`;
