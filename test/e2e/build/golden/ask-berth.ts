import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildEvent } from '../../../../src/build/index.ts';
import { BerthError, parsePlatform, parseReference } from '../../../../src/core/index.ts';
import { busyboxDockerfile, openWorkshop, tarOf } from '../workshop.ts';
import { baseImages, rootFiles, standardFiles } from './case-files.ts';
import { describeImage, type KnownImages, remember } from './describe-image.ts';
import type { GoldenCase } from './golden-case.ts';
import { errorOutcome, imageOutcome, type Outcome } from './outcome.ts';

/** A builder of Berth's that has the images cases stand on. */
export async function openBerth() {
  const known: KnownImages = { stacks: [], histories: [] };
  const shop = await openWorkshop();
  async function prepare(tag: string, dockerfile: string, files: object): Promise<void> {
    const { imageId } = await shop.build(dockerfile, { files: files as never, tag });
    const { id } = await shop.store.images.resolve(imageId);
    await remember(known, shop.store.images.source(id));
  }

  async function outcomeOf({ options, files, dockerfileName }: GoldenCase): Promise<Outcome> {
    const {
      buildArgs = {},
      labels = {},
      target,
      platform,
      secrets = {},
      allow,
      contexts,
    } = options;
    const events: BuildEvent[] = [];
    const warnings = () =>
      events
        .filter((event) => event.kind === 'warning')
        .filter(({ code }) => code !== 'UnconsumedBuildArgs');
    try {
      const { imageId } = await shop.build('', {
        files,
        context: { kind: 'tar', stream: tarOf(files) },
        dockerfile: { path: dockerfileName },
        noCache: true,
        onEvent: (event) => events.push(event),
        ...{ buildArgs, labels, target, allow },
        ...(platform !== undefined && { platform: parsePlatform(platform) }),
        secrets: Object.fromEntries(
          Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text)]),
        ),
        contexts: Object.fromEntries(
          Object.entries(contexts ?? {}).map(([name, source]) => [
            name,
            typeof source === 'string'
              ? { kind: 'image', reference: parseReference(source) }
              : { kind: 'tar', stream: tarOf(source) },
          ]),
        ),
      });
      const { id } = await shop.store.images.resolve(imageId);
      return imageOutcome(await describeImage(shop.store.images.source(id), known), warnings());
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      const { line } = (error.details ?? {}) as { line?: number };
      return errorOutcome({ message: error.message, line }, warnings());
    }
  }

  await prepare('base', busyboxDockerfile, rootFiles());
  const standard = await standardFiles();
  for (const [tag, dockerfile] of Object.entries(baseImages))
    await prepare(tag, dockerfile, standard);
  return {
    outcomeOf,
    /** Gives the folders that builds left behind. */
    async close(): Promise<string[]> {
      await shop.close();
      const leftovers = readdirSync(join(shop.rootPath, 'build/work'));
      rmSync(shop.rootPath, { recursive: true });
      return leftovers;
    },
  };
}
