import { errorKind, forbidden, invalid } from '../../core/index.ts';
import type { EngineParts } from '../engine-parts.ts';
import { standsAlone } from '../network/network-record.ts';
import { joinedContainer } from '../runs/namespaces.ts';
import { untilEndIsNoted } from '../runs/run.ts';
import type { EndpointSettings } from './container-config.ts';
import type { ContainerRecord } from './container-record.ts';

/** Joins containers to networks and parts them, running or not: `docker network connect`. */
export interface Membership {
  /** Throws `not-found` for an unknown container or network, `forbidden` for one joined already. */
  connect(ref: string, network: string, settings: EndpointSettings): Promise<void>;
  /** With `force`, a container that is gone is no error. */
  disconnect(ref: string, network: string, options: { force: boolean }): Promise<void>;
}

export function createMembership(parts: EngineParts): Membership {
  return {
    async connect(ref, network, settings) {
      const { id } = parts.table.find(ref);
      const { name } = parts.networks.get(network);
      await parts.inTurn(id, async () => {
        await untilEndIsNoted(parts.runs, id);
        const record = parts.table.find(id);
        refuseSpecial(record);
        if (record.askedEndpoints[name]) {
          throw forbidden(`endpoint with name ${record.name} already exists in network ${name}`);
        }
        const given = parts.runs.has(id)
          ? await parts.networks.connect(id, name, settings)
          : settings;
        keep(parts, id, {
          asked: { ...record.askedEndpoints, [name]: settings },
          shown: { ...record.endpoints, [name]: given },
        });
      });
    },
    async disconnect(ref, network, { force }) {
      let id: string;
      try {
        id = parts.table.find(ref).id;
      } catch (error) {
        if (force && errorKind(error) === 'not-found') return;
        throw error;
      }
      const { name } = parts.networks.get(network);
      await parts.inTurn(id, async () => {
        await untilEndIsNoted(parts.runs, id);
        const record = parts.table.find(id);
        if (!record.askedEndpoints[name]) {
          throw forbidden(`container ${id} is not connected to network ${name}`);
        }
        if (record.hostConfig.NetworkMode === 'host') throw invalid(standsAlone.host);
        if (parts.runs.has(id)) await parts.networks.disconnect(id, name);
        const { [name]: _asked, ...asked } = record.askedEndpoints;
        const { [name]: _shown, ...shown } = record.endpoints;
        keep(parts, id, { asked, shown });
      });
    },
  };
}

function refuseSpecial({ hostConfig }: ContainerRecord): void {
  if (hostConfig.NetworkMode === 'host') throw invalid(standsAlone.host);
  if (joinedContainer(hostConfig.NetworkMode) !== undefined) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
}

function keep(
  { table, networks }: EngineParts,
  id: string,
  endpoints: {
    asked: Readonly<Record<string, EndpointSettings>>;
    shown: Readonly<Record<string, EndpointSettings>>;
  },
): void {
  const network = networks.lookup(id);
  table.change(id, {
    askedEndpoints: endpoints.asked,
    endpoints: endpoints.shown,
    // What the next daemon is told that this container has.
    network,
    ports: network?.ports ?? [],
  });
}
