import { invalid } from '../core/index.ts';
import type { ContainerStreams, Containers } from '../engine/index.ts';
import type { Job, JobBackend } from '../jobs/index.ts';
import type { ImageStore } from '../store/index.ts';
import type { JobOutputs } from './job-outputs.ts';

/** Jobs as containers of this machine, named `berth-job-<id>`. */
export function createJobBackend(options: {
  containers: Containers;
  streams: Pick<ContainerStreams, 'logs'>;
  images: Pick<ImageStore, 'resolve'>;
  outputs: JobOutputs;
}): JobBackend {
  const { containers, streams, images, outputs } = options;
  const both = { stdout: true, stderr: true };

  const find = (job: Job) => containers.list().find((container) => container.name === nameOf(job));

  async function create(job: Job): Promise<void> {
    const { config } = await images.resolve(job.image);
    await containers.create({
      name: nameOf(job),
      config: {
        Image: job.image,
        Env: Object.entries(job.env).map(([key, value]) => `${key}=${value}`),
        Labels: { 'berth.job': String(job.id), 'berth.job.user': job.user },
        AttachStdout: true,
        AttachStderr: true,
        ...(job.argument !== undefined && { Cmd: commandWith(job.argument, config.config ?? {}) }),
      },
      hostConfig: {
        NanoCpus: Math.round(job.resources.cpus * 1e9),
        Memory: job.resources.memoryBytes,
        MemorySwap: job.resources.memoryBytes,
        NetworkMode: 'bridge',
      },
    });
  }

  return {
    async checkImage(image) {
      const { config } = await images.resolve(image);
      const { Entrypoint, Cmd } = config.config ?? {};
      if (!Entrypoint?.length && !Cmd?.length) {
        throw invalid(
          `submit job: image ${image} names no program: it has neither ENTRYPOINT nor CMD`,
        );
      }
    },
    async start(job) {
      if (find(job) === undefined) {
        await create(job);
      }
      if (find(job)?.state.kind === 'created') await containers.start(nameOf(job));
    },
    async wait(job, signal) {
      const { code } = await containers.wait(nameOf(job), 'not-running', signal);
      const { state } = containers.get(nameOf(job));
      return { exitCode: code, outOfMemory: state.kind === 'exited' && state.exit.oomKilled };
    },
    async stop(job) {
      if (find(job) !== undefined) await containers.stop(nameOf(job));
    },
    async release(job) {
      const container = find(job);
      if (container === undefined) return;
      await outputs.keep(job, streams.logs(container.id, { ...both, follow: false }));
      await containers.remove(nameOf(job), { force: true, volumes: true });
    },
    output(job, outputOptions) {
      const container = find(job);
      if (container === undefined) return outputs.read(job, outputOptions);
      return streams.logs(container.id, { ...both, ...outputOptions });
    },
  };
}

function nameOf(job: Job): string {
  return `berth-job-${job.id}`;
}

/** The argument follows the entrypoint; an image without one gets it after its own command. */
function commandWith(
  argument: string,
  defaults: { Entrypoint?: readonly string[] | null; Cmd?: readonly string[] | null },
): string[] {
  return defaults.Entrypoint?.length ? [argument] : [...(defaults.Cmd ?? []), argument];
}
