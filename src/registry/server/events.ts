import type { Digest } from '../../core/index.ts';
import type { RepositoryName, Tag } from '../repository-name.ts';

/** What happened to a manifest, told after it happened. */
export interface RegistryEvent {
  readonly kind: 'push' | 'pull' | 'delete';
  readonly repository: RepositoryName;
  readonly digest?: Digest;
  readonly tag?: Tag;
  readonly user?: string;
}
