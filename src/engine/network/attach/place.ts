import { randomBytes } from 'node:crypto';
import { notFound } from '../../../core/index.ts';
import type { EndpointSettings } from '../../containers/container-config.ts';
import type { NetworkState } from '../network-registry.ts';
import { type Attachment, freeInterfaceName, type Place } from './attachment.ts';
import { claimEndpoint, releaseEndpoint } from './endpoint-plan.ts';
import type { Workshop } from './workshop.ts';

/**
 * Gives a container a place on a network: addresses and names; the kernel's part comes later.
 * `established` are the interface names of a container that is taken over.
 */
export function takePlace(
  { names }: Workshop,
  attachment: Attachment,
  network: NetworkState,
  request: { settings: EndpointSettings; established?: { name: string; hostName: string } },
): Place {
  const { containerId, containerName } = attachment.request;
  const { name: networkName, driver } = network.record;
  if (driver === 'bridge' && network.bridgeIndex === 0) {
    throw notFound(`network ${networkName} not found`);
  }
  const made = {
    name: freeInterfaceName(attachment, network),
    hostName: `veth${randomBytes(4).toString('hex').slice(1)}`,
  };
  const { name, hostName } = request.established ?? made;
  const endpoint = claimEndpoint(network, attachment.request, request.settings, name);
  const place = { network, endpoint, hostName: endpoint.named ? hostName : '' };
  attachment.places.set(network.record.id, place);
  network.attached.set(containerId, { containerName, endpoint });
  if (endpoint.named) names.add(endpoint.named);
  return place;
}

/** Gives addresses and names back, those it has by now: it may have been renamed. */
export function leavePlace({ names }: Workshop, attachment: Attachment, place: Place): void {
  const { network, endpoint } = attachment.places.get(place.network.record.id) ?? place;
  if (endpoint.named) names.remove(endpoint.named);
  network.attached.delete(attachment.request.containerId);
  releaseEndpoint(network, endpoint);
  attachment.places.delete(network.record.id);
}

/** Gives a container another name on all its networks. */
export function renamePlaces(
  { names, attachments }: Workshop,
  containerId: string,
  containerName: string,
): void {
  const attachment = attachments.get(containerId);
  if (!attachment) return;
  attachment.request = { ...attachment.request, containerName };
  for (const place of attachment.places.values()) {
    const { network, endpoint } = place;
    const { DNSNames, ...settings } = endpoint.settings;
    const [, ...others] = DNSNames ?? [];
    const renamed = {
      ...endpoint,
      settings: { ...settings, DNSNames: [containerName, ...others] },
      ...(endpoint.named && { named: { ...endpoint.named, containerName } }),
    };
    attachment.places.set(network.record.id, { ...place, endpoint: renamed });
    network.attached.set(containerId, { containerName, endpoint: renamed });
    if (endpoint.named) names.remove(endpoint.named);
    if (renamed.named) names.add(renamed.named);
  }
}
