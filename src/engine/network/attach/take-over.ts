import { errorMessage } from '../../../core/index.ts';
import { type Link, listLinks, openNetlinkIn } from '../../../linux/index.ts';
import type { ContainerNetwork, EndpointRequest } from '../networks.ts';
import type { Attachment } from './attachment.ts';
import { takePlace } from './place.ts';
import { republishPorts } from './publication.ts';
import type { Workshop } from './workshop.ts';

/**
 * Takes over a container that kept running while the daemon was away: its addresses, names and
 * ports, with its namespace as it is. `links` are the machine's interfaces; gives the names of
 * those that are its, and what could not be had again, in words.
 */
export async function takeOver(
  workshop: Workshop,
  request: EndpointRequest & { established: ContainerNetwork },
  links: readonly Link[],
): Promise<{ interfaces: string[]; lost: string[] }> {
  const { containerId, established } = request;
  const { namespacePath } = established;
  const attachment: Attachment = { request, namespacePath, places: new Map() };
  workshop.attachments.set(containerId, attachment);
  const lost: string[] = [];
  let inside: Link[] = [];
  try {
    inside = namespacePath === '' ? [] : await linksInside(namespacePath);
  } catch (error) {
    lost.push(`its network namespace: ${errorMessage(error)}`);
  }
  const hostNameOf = (link: Link) => links.find(({ index }) => index === link.peerIndex)?.name;
  for (const [name, settings] of Object.entries(established.endpoints)) {
    const link = inside.find(({ macAddress }) => macAddress === settings.MacAddress);
    const names = { name: link?.name ?? '', hostName: (link && hostNameOf(link)) ?? '' };
    try {
      const network = workshop.registry.find(name);
      takePlace(workshop, attachment, network, { settings, established: names });
    } catch (error) {
      lost.push(`its place on network ${name}: ${errorMessage(error)}`);
    }
  }
  lost.push(...(await republishPorts(workshop, attachment, established.ports)));
  return { interfaces: inside.flatMap((link) => hostNameOf(link) ?? []), lost };
}

async function linksInside(path: string): Promise<Link[]> {
  using netlink = openNetlinkIn(path);
  return (await listLinks(netlink)).filter(({ kind }) => kind === 'veth');
}
