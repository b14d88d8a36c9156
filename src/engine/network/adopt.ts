import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../core/index.ts';
import {
  deleteLink,
  type Link,
  listLinks,
  type Netlink,
  removeNetworkNamespace,
} from '../../linux/index.ts';
import { takeOver } from './attach/take-over.ts';
import type { Workshop } from './attach/workshop.ts';
import type { EndpointRequest } from './networks.ts';

/**
 * Takes over the containers that run and puts the firewall in force. Then removes what a crash
 * left: namespaces and interfaces that belong to none of them.
 */
export async function adoptContainers(
  workshop: Workshop,
  running: readonly EndpointRequest[],
  by: { netlink: Netlink; warn: (message: string) => void },
): Promise<void> {
  const { namespaceFolder } = workshop;
  mkdirSync(namespaceFolder, { recursive: true, mode: 0o755 });
  const links = await listLinks(by.netlink);
  const kept = new Set<string>();
  for (const request of running) {
    const { established } = request;
    if (!established) continue;
    const { interfaces, lost } = await takeOver(workshop, { ...request, established }, links);
    for (const name of interfaces) kept.add(name);
    for (const loss of lost) by.warn(`take over container ${request.containerName}: ${loss}`);
  }
  await workshop.firewall.start();
  await workshop.firewall.admit();
  await sweepNamespaces(namespaceFolder, running, by.warn);
  await by.netlink.batch(
    strayInterfaces(workshop, links, kept).map(({ name }) => deleteLink(name)),
  );
}

async function sweepNamespaces(
  folder: string,
  running: readonly EndpointRequest[],
  warn: (message: string) => void,
): Promise<void> {
  const kept = new Set(running.map(({ established }) => established?.namespacePath));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (kept.has(path)) continue;
    try {
      await removeNetworkNamespace(path);
    } catch (error) {
      warn(`remove network namespace ${path}: ${errorMessage(error)}`);
    }
  }
}

/** Interfaces on our bridges whose container is gone. */
function strayInterfaces(
  { registry }: Workshop,
  links: readonly Link[],
  kept: ReadonlySet<string>,
): Link[] {
  const bridges = new Set(registry.list().map(({ record }) => record.bridgeName));
  const indices = new Set(links.filter(({ name }) => bridges.has(name)).map(({ index }) => index));
  return links.filter(
    ({ kind, name, master }) => kind === 'veth' && indices.has(master) && !kept.has(name),
  );
}
