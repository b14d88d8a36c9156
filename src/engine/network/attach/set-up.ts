import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, invalid } from '../../../core/index.ts';
import { removeNetworkNamespace } from '../../../linux/index.ts';
import type { EndpointSettings } from '../../containers/container-config.ts';
import { standsAlone } from '../network-record.ts';
import type { NetworkState } from '../network-registry.ts';
import type { ContainerNetwork, EndpointRequest } from '../networks.ts';
import { type Attachment, gatewaysOf, orderedPlaces, viewOf, wireOf } from './attachment.ts';
import { inOrder } from './endpoint.ts';
import { askedOf } from './endpoint-plan.ts';
import { leavePlace, takePlace } from './place.ts';
import { publishPorts, unpublishPorts } from './publication.ts';
import { tellEvent, type Workshop } from './workshop.ts';

/** `Networks.setUp`. */
export async function setUp(
  workshop: Workshop,
  request: EndpointRequest,
): Promise<ContainerNetwork> {
  const { containerId } = request;
  // It names a file.
  if (!/^[\w-][\w.-]*$/.test(containerId)) throw invalid(`invalid container id "${containerId}"`);
  const existing = workshop.attachments.get(containerId);
  if (existing) return viewOf(existing);
  const wanted = wantedNetworks(workshop, request);
  const onHost = wanted.some(({ network }) => network.record.driver === 'host');
  const namespacePath = onHost ? '' : join(workshop.namespaceFolder, containerId);
  const attachment: Attachment = { request, namespacePath, places: new Map() };
  workshop.attachments.set(containerId, attachment);
  try {
    for (const { network, settings } of wanted) {
      takePlace(workshop, attachment, network, { settings: askedOf(settings) });
    }
    await publishPorts(workshop, attachment, request.ports);
    if (!onHost) await createNamespace(workshop, attachment);
  } catch (error) {
    await dismantle(workshop, attachment).catch((cause) =>
      workshop.warn(`undo network of container ${containerId}: ${errorMessage(cause)}`),
    );
    throw error;
  }
  for (const place of orderedPlaces(attachment)) {
    tellEvent(workshop, 'connect', containerId, place);
  }
  return viewOf(attachment);
}

/** `Networks.tearDown`. */
export async function tearDown(workshop: Workshop, containerId: string): Promise<void> {
  const attachment = workshop.attachments.get(containerId);
  if (!attachment) return;
  const places = orderedPlaces(attachment);
  await dismantle(workshop, attachment);
  for (const place of places) tellEvent(workshop, 'disconnect', containerId, place);
}

/** Undoes whatever there is of an attachment; a part that fails does not keep the others. */
async function dismantle(workshop: Workshop, attachment: Attachment): Promise<void> {
  const { namespacePath, request } = attachment;
  const places = [...attachment.places.values()];
  workshop.attachments.delete(request.containerId);
  // The last one deferred is the first one done.
  await using parts = new AsyncDisposableStack();
  parts.defer(() => workshop.reap(places.flatMap(({ hostName }) => hostName || [])));
  for (const place of places) parts.defer(() => leavePlace(workshop, attachment, place));
  if (namespacePath) parts.defer(() => removeNetworkNamespace(namespacePath));
  parts.defer(() => unpublishPorts(attachment));
}

async function createNamespace(workshop: Workshop, attachment: Attachment): Promise<void> {
  const { namespacePath } = attachment;
  // Left by a removal that failed; nothing else makes files of these names.
  if (existsSync(namespacePath)) await removeNetworkNamespace(namespacePath);
  const wires = orderedPlaces(attachment)
    .filter(({ hostName }) => hostName !== '')
    .map((place) => wireOf(attachment, place));
  await Promise.all([
    workshop.wiring.create(namespacePath, wires, gatewaysOf(attachment)),
    workshop.firewall.admit(),
  ]);
}

/** The networks asked for in their order; none for a container without any. */
function wantedNetworks(
  { registry }: Workshop,
  request: EndpointRequest,
): { name: string; network: NetworkState; settings: EndpointSettings }[] {
  const wanted = Object.entries(request.endpoints).map(([ref, settings]) => {
    const network = registry.find(ref === 'default' ? 'bridge' : ref);
    return { name: network.record.name, network, settings };
  });
  for (const { network } of wanted) {
    const { driver } = network.record;
    if (wanted.length > 1 && driver !== 'bridge') throw invalid(standsAlone[driver]);
  }
  return inOrder(wanted);
}
