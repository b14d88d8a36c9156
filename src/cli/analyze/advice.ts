import type { LeftCache, Waste } from '../../image/analysis/index.ts';

/** What advice needs to know of the two layers of a waste. */
export interface WastePlace {
  /** Their instructions, on one line each. */
  readonly brought: string;
  readonly undone: string;
  /** How to speak of them: `line 7` or `layer 3`. */
  readonly broughtAt: string;
  readonly undoneAt: string;
  /** Whether what was wasted stems from the base image. */
  readonly fromBase: boolean;
}

/** The change that saves the bytes, in one sentence. */
export function adviceFor(waste: Waste, place: WastePlace): string {
  switch (waste.kind) {
    case 'removed':
      return adviceOnRemoved(waste, place);
    case 'rewritten':
      return adviceOnRewritten(place);
    case 'reowned':
      return adviceOnReowned(place);
    case 'repeated':
      return place.fromBase
        ? `the base image has the same files already: leave them out of ${place.undoneAt}`
        : `${place.undoneAt} brings what ${place.broughtAt} brought: leave one of them out`;
  }
}

function adviceOnRemoved({ examples }: Waste, place: WastePlace): string {
  const { brought, broughtAt, undoneAt, fromBase } = place;
  if (fromBase) {
    return `removing what the base image has saves nothing: take a smaller base, or copy what is needed into a new stage`;
  }
  const cache = cacheOf(examples.map(({ path }) => path));
  if (isRun(brought) && cache) {
    return `let ${broughtAt} keep it outside of the image: RUN --mount=type=cache,target=${cache} …`;
  }
  if (isRun(brought)) {
    return `remove it where it is made: join ${undoneAt} to ${broughtAt} with &&, or build in a stage of its own and COPY --from it what is needed`;
  }
  if (isCopy(brought)) {
    return `use it without copying it: RUN --mount=type=bind,source=…,target=… in place of ${broughtAt}; what is never needed belongs in .dockerignore`;
  }
  return `bring it and remove it in one instruction`;
}

function adviceOnRewritten({ brought, undone, broughtAt, undoneAt, fromBase }: WastePlace): string {
  if (fromBase && /\b(?:upgrade|update)\b/.test(undone)) {
    return `${undoneAt} replaces files of the base image: take a newer base image in place of upgrading in it`;
  }
  if (fromBase)
    return `the base image has an older version of these files: take a newer or smaller base`;
  if (isRun(brought) && isRun(undone)) {
    return `both write the same files: join ${broughtAt} and ${undoneAt} with &&`;
  }
  if (isCopy(brought) && isCopy(undone)) {
    return `${undoneAt} copies over what ${broughtAt} copied: copy each file once, the final one`;
  }
  return `write these files once: bring them to their final form in ${broughtAt}`;
}

function adviceOnReowned({ brought, undone, broughtAt, undoneAt }: WastePlace): string {
  const option = /\bchmod\b/.test(undone) ? '--chmod' : '--chown';
  if (isCopy(brought)) {
    return `say it while copying: COPY ${option}=… in ${broughtAt}, and no change of owner or mode in ${undoneAt}`;
  }
  return `change owner and mode in the instruction that makes the files: join ${undoneAt} to ${broughtAt}`;
}

/** Where a cache that is left in the finished image should have gone. */
export function adviceOnCache({ path }: LeftCache, at: string): string {
  const also = path.startsWith('/var/lib/apt') ? ' --mount=type=cache,target=/var/cache/apt' : '';
  return `${at}: RUN --mount=type=cache,target=${path}${also} …, or remove it in the same RUN`;
}

const cacheFolders = [
  '/var/lib/apt/lists',
  '/var/cache/apt',
  '/var/cache/apk',
  '/var/cache/dnf',
  '/var/cache/yum',
  '/root/.cache/pip',
  '/root/.cache',
  '/root/.npm',
  '/go/pkg/mod',
  '/usr/local/cargo/registry',
];

function cacheOf(paths: readonly string[]): string | undefined {
  return cacheFolders.find((folder) => paths.every((path) => path.startsWith(`${folder}/`)));
}

function isRun(instruction: string): boolean {
  return !/^[A-Z]+ /.test(instruction) || instruction.startsWith('RUN ');
}

function isCopy(instruction: string): boolean {
  return /^(?:COPY|ADD) /.test(instruction);
}
