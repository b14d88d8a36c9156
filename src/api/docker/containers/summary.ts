import type { Digest } from '../../../core/index.ts';
import type { Container } from '../../../engine/index.ts';
import type { ImageStore } from '../../../store/index.ts';
import { unixSeconds } from '../timestamp.ts';
import { mountsView } from './inspect.ts';
import { endpointsView, portSummaries } from './network-view.ts';
import type { ContainerInsight } from './ports.ts';
import { statusText } from './state-view.ts';

/** One line of `docker ps`. */
export async function containerSummary(
  container: Container,
  options: {
    imageName: string;
    /** Given when sizes are wanted. */
    insight?: Pick<ContainerInsight, 'sizes'>;
    nowMs: number;
  },
): Promise<unknown> {
  const sizes = await options.insight?.sizes(container.id);
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: options.imageName,
    ImageID: container.imageId,
    Command: commandLine(container.argv),
    Created: unixSeconds(container.createdAtMs),
    Ports: portSummaries(container),
    ...(sizes && { SizeRw: sizes.writtenBytes, SizeRootFs: sizes.rootBytes }),
    Labels: container.config.Labels ?? {},
    State: container.state.kind,
    Status: statusText(container, options.nowMs),
    HostConfig: { NetworkMode: container.hostConfig.NetworkMode ?? 'bridge' },
    NetworkSettings: { Networks: endpointsView(container) },
    Mounts: mountsView(container),
  };
}

/** The program, and its arguments, in quotes where they hold a space. */
function commandLine([program = '', ...args]: readonly string[]): string {
  return [program, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

/**
 * The name a container's image was asked for under, as long as it still means that image, else its
 * id. Looks each name up once.
 */
export function imageNamer(images: Pick<ImageStore, 'resolve'>) {
  const found = new Map<string, Promise<Digest | undefined>>();
  return async ({ config, imageId }: Container): Promise<string> => {
    const name = config.Image;
    let id = found.get(name);
    if (!id) {
      id = images.resolve(name).then(
        (image) => image.id,
        () => undefined,
      );
      found.set(name, id);
    }
    return (await id) === imageId ? name : imageId;
  };
}
