import { errorMessage } from '../../../core/index.ts';
import type { Nftables } from '../../../linux/index.ts';
import { createAdmission, forgetAllowedPackets } from './foreign-chains.ts';
import {
  type BridgeRules,
  type PortRule,
  type Ruleset,
  renderChange,
  renderRemoval,
  renderTable,
} from './ruleset.ts';

/** The daemon's table in the kernel; every change is one transaction. */
export interface Firewall {
  /**
   * Puts all that was added in place of the table that is there, left by an earlier daemon or none;
   * running connections do not notice. Until then, changes are only noted.
   */
  start(): Promise<void>;
  add(change: Change): Promise<void>;
  /** Idempotent. */
  remove(change: Change): Promise<void>;
  /**
   * Makes sure that our table is there and that what it allows is not dropped by others; cheap to
   * call often, and never throws.
   */
  admit(): Promise<void>;
  /** Removes the table and every trace in others, until the next `start`. */
  clear(): Promise<void>;
}

export interface Change {
  readonly bridges?: readonly BridgeRules[];
  readonly ports?: readonly PortRule[];
}

export function createFirewall(options: {
  nft: Nftables;
  table: string;
  now: () => number;
  warn: (message: string) => void;
}): Firewall {
  const { nft, table, warn } = options;
  const bridges = new Map<string, BridgeRules>();
  const ports = new Map<string, PortRule>();
  const admission = createAdmission(options);
  let started = false;

  const wanted = (): Ruleset => ({
    table,
    bridges: [...bridges.values()],
    ports: [...ports.values()],
  });

  /**
   * A change that the kernel refuses means that its table is not what we think it is: somebody
   * flushed the ruleset, say. Then the whole table is written anew.
   */
  async function change(verb: 'add' | 'delete', rules: Required<Change>): Promise<void> {
    const script = renderChange(verb, { table, ...rules });
    if (script === '' || !started) return;
    try {
      await nft.run(script);
    } catch {
      await nft.run(renderTable(wanted()));
    }
  }

  return {
    async start() {
      await nft.run(renderTable(wanted()));
      started = true;
    },
    async add({ bridges: newBridges = [], ports: newPorts = [] }) {
      for (const bridge of newBridges) bridges.set(bridge.bridgeName, bridge);
      for (const port of newPorts) ports.set(portKey(port), port);
      try {
        await change('add', { bridges: newBridges, ports: newPorts });
      } catch (error) {
        for (const { bridgeName } of newBridges) bridges.delete(bridgeName);
        for (const port of newPorts) ports.delete(portKey(port));
        throw error;
      }
    },
    async remove({ bridges: oldBridges = [], ports: oldPorts = [] }) {
      const rules = {
        bridges: oldBridges.filter(({ bridgeName }) => bridges.delete(bridgeName)),
        ports: oldPorts.filter((port) => ports.delete(portKey(port))),
      };
      await change('delete', rules);
    },
    async admit() {
      try {
        if (!(await admission.check())) await nft.run(renderTable(wanted()));
      } catch (error) {
        warn(`look after nftables: ${errorMessage(error)}`);
      }
    },
    async clear() {
      started = false;
      await nft.run(renderRemoval(table));
      await forgetAllowedPackets(nft, table);
    },
  };
}

const portKey = ({ family, protocol, hostAddress = '', hostPort }: PortRule): string =>
  `${family} ${protocol} ${hostAddress} ${hostPort}`;
