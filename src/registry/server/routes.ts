import type { Action } from './access-control.ts';
import type { Exchange } from './exchange.ts';

export type Handler = (exchange: Exchange) => Promise<void>;

/** The resources of the protocol; `<name>` may have slashes, so paths are read from their end. */
export type Resource =
  | { readonly kind: 'base' | 'catalog' }
  | {
      readonly kind: 'manifest' | 'blob' | 'uploads' | 'upload' | 'tags' | 'referrers';
      readonly name: string;
      /** Digest, tag or upload id; '' where the path has none. */
      readonly reference: string;
    };

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly kind: Resource['kind'];
  /** What the caller needs on the repository; none for what checks by itself. */
  readonly needs: readonly Action[];
  readonly handler: Handler;
}

/** Reads a path below `/v2`, percent-decoded, such as `/team/app/manifests/latest`. */
export function parseResource(path: string): Resource | undefined {
  if (path === '' || path === '/') return { kind: 'base' };
  if (path === '/_catalog') return { kind: 'catalog' };
  const parts = path.slice(1).split('/');
  const reference = parts.pop()!;
  const kind = parts.pop();
  const name = parts.join('/');
  if (name === '') return undefined;
  switch (kind) {
    case 'manifests':
      return { kind: 'manifest', name, reference };
    case 'referrers':
      return { kind: 'referrers', name, reference };
    case 'tags':
      return reference === 'list' ? { kind: 'tags', name, reference: '' } : undefined;
    case 'blobs':
      if (reference === 'uploads') return { kind: 'uploads', name, reference: '' };
      return { kind: 'blob', name, reference };
    case 'uploads': {
      if (!name.endsWith('/blobs')) return undefined;
      const repository = name.slice(0, -'/blobs'.length);
      if (reference === '') return { kind: 'uploads', name: repository, reference };
      return { kind: 'upload', name: repository, reference };
    }
    default:
      return undefined;
  }
}

/** Finds routes by method and kind. */
export function routeTable(routes: readonly Route[]) {
  const table = new Map(routes.map((route) => [`${route.method} ${route.kind}`, route]));
  return {
    find: (method: string, kind: Resource['kind']) => table.get(`${method} ${kind}`),
    methodsOf: (kind: Resource['kind']) =>
      routes.filter((route) => route.kind === kind).map(({ method }) => method),
  };
}
