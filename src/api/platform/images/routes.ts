import { json } from '../../http/reply.ts';
import { get, type Route } from '../../http/route.ts';

/** What stands in an image, as far as that can be told without running it. */
export interface ImageContents {
  /** Names of the files in the folders of its PATH, sorted. */
  readonly programs: readonly string[];
  /** `PRETTY_NAME` of its os-release. */
  readonly distribution?: string;
}

export interface ImageContentsReader {
  /** Throws `not-found` in Docker's words. */
  read(nameOrId: string): Promise<ImageContents>;
}

export function imageRoutes(contents: ImageContentsReader): Route[] {
  return [
    get('/v1/images/:name+/contents', async ({ params }) =>
      json(await contents.read(params.name!)),
    ),
  ];
}
