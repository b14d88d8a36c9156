import type { Chain, Filesystems } from '../ports.ts';

/** Read-only mounts of stacks, each mounted once, all given back together. */
export interface Views extends AsyncDisposable {
  open(chain: Chain): Promise<string>;
}

export function createViews(filesystems: Filesystems): Views {
  const mounted = new Map<Chain, ReturnType<Filesystems['view']>>();
  return {
    async open(chain) {
      let view = mounted.get(chain);
      if (!view) {
        view = filesystems.view(chain);
        mounted.set(chain, view);
      }
      return (await view).rootPath;
    },
    async [Symbol.asyncDispose]() {
      const views = await Promise.allSettled(mounted.values());
      mounted.clear();
      // One that cannot be given back does not keep the others.
      await using all = new AsyncDisposableStack();
      for (const view of views) if (view.status === 'fulfilled') all.use(view.value);
    },
  };
}
