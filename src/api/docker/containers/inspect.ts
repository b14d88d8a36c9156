import type { Container, ContainerConfig } from '../../../engine/index.ts';
import { rfc3339 } from '../timestamp.ts';
import { hostConfigView } from './host-config-view.ts';
import { networkSettingsView } from './network-view.ts';
import type { ContainerInsight } from './ports.ts';
import { stateView } from './state-view.ts';

/** The answer of `GET /containers/:id/json`. */
export async function inspectContainer(
  container: Container,
  insight: ContainerInsight,
  { withSize }: { withSize: boolean },
): Promise<unknown> {
  const layout = insight.layout(container.id);
  const { lowerPaths, mergedPath, upperPath, workPath } = layout.overlay;
  const execIds = insight.execIds(container.id);
  return {
    Id: container.id,
    Created: rfc3339(container.createdAtMs),
    Path: container.argv[0] ?? '',
    Args: container.argv.slice(1),
    State: stateView(container),
    Image: container.imageId,
    ResolvConfPath: layout.resolvConfPath,
    HostnamePath: layout.hostnamePath,
    HostsPath: layout.hostsPath,
    LogPath: container.logPath,
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds.length > 0 ? execIds : null,
    HostConfig: hostConfigView(container.hostConfig),
    GraphDriver: {
      Data: {
        ID: container.id,
        LowerDir: lowerPaths.join(':'),
        MergedDir: mergedPath,
        UpperDir: upperPath,
        WorkDir: workPath,
      },
      Name: 'overlay2',
    },
    ...(withSize && (await sizeFields(container.id, insight))),
    Mounts: mountsView(container),
    Config: configView(container.config),
    NetworkSettings: networkSettingsView(container, layout.namespacePath),
  };
}

async function sizeFields(id: string, insight: ContainerInsight): Promise<object> {
  const { writtenBytes, rootBytes } = await insight.sizes(id);
  return { SizeRw: writtenBytes, SizeRootFs: rootBytes };
}

export function mountsView({ mounts }: Container): unknown[] {
  return mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.name !== undefined && { Name: mount.name }),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.driver !== undefined && { Driver: mount.driver }),
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  }));
}

/** Config in Docker's order; fields that Docker leaves out when unset come as they are. */
function configView(config: ContainerConfig): unknown {
  return {
    Hostname: config.Hostname ?? '',
    Domainname: config.Domainname ?? '',
    User: config.User ?? '',
    AttachStdin: config.AttachStdin ?? false,
    AttachStdout: config.AttachStdout ?? false,
    AttachStderr: config.AttachStderr ?? false,
    ...(hasEntries(config.ExposedPorts) && { ExposedPorts: config.ExposedPorts }),
    Tty: config.Tty ?? false,
    OpenStdin: config.OpenStdin ?? false,
    StdinOnce: config.StdinOnce ?? false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Healthcheck: config.Healthcheck,
    Image: config.Image,
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    NetworkDisabled: config.NetworkDisabled || undefined,
    MacAddress: config.MacAddress || undefined,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? {},
    StopSignal: config.StopSignal || undefined,
    StopTimeout: config.StopTimeout,
    Shell: config.Shell,
  };
}

function hasEntries(record: object | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}
