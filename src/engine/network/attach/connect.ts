import { errorMessage, forbidden, invalid } from '../../../core/index.ts';
import { formatAddress, type IpAddress } from '../../../linux/index.ts';
import type { EndpointSettings } from '../../containers/container-config.ts';
import { notRunning } from '../../containers/transition.ts';
import { standsAlone } from '../network-record.ts';
import {
  type Attachment,
  gatewaysOf,
  orderedPlaces,
  type Place,
  publishingPlace,
  wireOf,
} from './attachment.ts';
import { askedOf } from './endpoint-plan.ts';
import { leavePlace, takePlace } from './place.ts';
import { publishPorts, unpublishPorts } from './publication.ts';
import { tellEvent, type Workshop } from './workshop.ts';

/** `Networks.connect`: all or nothing. */
export async function connect(
  workshop: Workshop,
  containerId: string,
  request: { network: string; settings: EndpointSettings },
): Promise<EndpointSettings> {
  const attachment = runningAttachment(workshop, containerId);
  const network = workshop.registry.find(request.network);
  const { id, name } = network.record;
  if (attachment.places.has(id)) {
    const { containerName } = attachment.request;
    throw forbidden(`endpoint with name ${containerName} already exists in network ${name}`);
  }
  const present = orderedPlaces(attachment).map((place) => place.network.record.driver);
  for (const driver of [network.record.driver, ...present]) {
    if (driver !== 'bridge') throw invalid(standsAlone[driver]);
  }
  const before = situationOf(attachment);
  const settings = askedOf(request.settings);
  const place = takePlace(workshop, attachment, network, { settings });
  try {
    await workshop.wiring.plug(attachment.namespacePath, wireOf(attachment, place));
    await follow(workshop, attachment, before);
  } catch (error) {
    await unplug(workshop, attachment, place).catch((cause) =>
      workshop.warn(`undo connection to network ${name}: ${errorMessage(cause)}`),
    );
    throw error;
  }
  tellEvent(workshop, 'connect', containerId, place);
  return place.endpoint.settings;
}

/** `Networks.disconnect`. */
export async function disconnect(
  workshop: Workshop,
  containerId: string,
  ref: string,
): Promise<void> {
  const attachment = runningAttachment(workshop, containerId);
  const { id, name, driver } = workshop.registry.find(ref).record;
  const place = attachment.places.get(id);
  if (!place) throw forbidden(`container ${containerId} is not connected to network ${name}`);
  if (driver === 'host') throw invalid(standsAlone.host);
  if (driver === 'bridge') await unplug(workshop, attachment, place);
  else leavePlace(workshop, attachment, place);
  tellEvent(workshop, 'disconnect', containerId, place);
}

function runningAttachment({ attachments }: Workshop, containerId: string): Attachment {
  const attachment = attachments.get(containerId);
  if (!attachment) throw notRunning(containerId);
  return attachment;
}

async function unplug(workshop: Workshop, attachment: Attachment, place: Place): Promise<void> {
  const before = situationOf(attachment);
  leavePlace(workshop, attachment, place);
  await workshop.wiring.unplug(attachment.namespacePath, place.endpoint.interfaceName);
  await follow(workshop, attachment, before);
}

/** What depends on all of a container's networks together. */
interface Situation {
  readonly gateways: readonly IpAddress[];
  readonly publishing: Place | undefined;
}

function situationOf(attachment: Attachment): Situation {
  return { gateways: gatewaysOf(attachment), publishing: publishingPlace(attachment) };
}

/** After a change of networks: default routes and, when their address is another one, ports. */
async function follow(
  workshop: Workshop,
  attachment: Attachment,
  before: Situation,
): Promise<void> {
  const { gateways, publishing } = situationOf(attachment);
  const texts = (addresses: readonly IpAddress[]) => addresses.map(formatAddress).join();
  if (texts(gateways) !== texts(before.gateways)) {
    await workshop.wiring.reroute(attachment.namespacePath, before.gateways, gateways);
  }
  if (publishing === before.publishing) return;
  const ports = attachment.publication?.ports ?? attachment.request.ports;
  await unpublishPorts(attachment);
  await publishPorts(workshop, attachment, ports);
}
