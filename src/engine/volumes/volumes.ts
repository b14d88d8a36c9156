/** Named and anonymous volumes of the `local` driver: folders under `volumes/<name>/_data`. */
export interface Volumes {
  /** Idempotent for an existing name. Throws `invalid` on a name or driver it cannot serve. */
  create(request: {
    name?: string;
    driver?: string;
    options?: Record<string, string>;
    labels?: Record<string, string>;
    anonymous?: boolean;
  }): Promise<Volume>;
  /** Throws `not-found` ("get x: no such volume"). */
  get(name: string): Volume;
  list(): readonly Volume[];
  /** Throws `conflict` while a container uses it ("volume is in use"). */
  remove(name: string, options?: { force?: boolean }): Promise<void>;
  /**
   * Path to bind into a container that is about to start. A volume with mount options (`type`,
   * `device`, `o`) is mounted for its first running container. Idempotent per container.
   */
  mount(name: string, containerId: string): Promise<string>;
  /** A container has stopped: unmounts what no other running one uses. Idempotent. */
  unmount(containerId: string): Promise<void>;
  /** After a daemon start: takes over what still runs, unmounts the rest, removes half-made ones. */
  adopt(running: readonly { containerId: string; volumes: readonly string[] }[]): Promise<void>;
  /** Records that a container uses it, in the database. */
  acquire(name: string, containerId: string): void;
  /** Gives up every volume of a container; returns the anonymous ones nobody else uses. */
  release(containerId: string): string[];
  usage(name: string): Promise<{ sizeBytes: number; references: number }>;
}

export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  readonly mountpoint: string;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
}
