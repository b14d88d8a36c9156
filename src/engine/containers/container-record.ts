import type { ChainId } from '../../store/index.ts';
import type { ContainerNetwork } from '../network/networks.ts';
import type { Container } from './container.ts';
import type { EndpointSettings } from './container-config.ts';
import type { MountPlan } from './mounts/mount-plan.ts';

/** What the engine keeps of a container beyond what it shows; stored as JSON. */
export interface ContainerRecord extends Container {
  /** Top of its image's layers. */
  readonly chain: ChainId | null;
  /** Name of its runtime. */
  readonly runtime: string;
  /** What is mounted at each start; volumes by their names, anonymous ones included. */
  readonly plans: readonly MountPlan[];
  /** A user stopped or killed it: `unless-stopped` leaves it so when the daemon starts. */
  readonly stoppedByUser: boolean;
  readonly startedBefore: boolean;
  /** What was asked for on each network; `endpoints` adds what was given while it runs. */
  readonly askedEndpoints: Readonly<Record<string, EndpointSettings>>;
  /** Each run has a journal of its own. */
  readonly runs: number;
  /** How its processes ended, from then until all is cleared up and the state says so. */
  readonly seenExit?: { readonly code: number; readonly atMs: number; readonly oomKilled: boolean };
  /** What it was given while it runs; absent for another container's or the machine's network. */
  readonly network?: ContainerNetwork;
}
