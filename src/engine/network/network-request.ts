import { type BerthError, forbidden, invalid, notFound } from '../../core/index.ts';
import {
  contains,
  formatAddress,
  formatPrefix,
  type IpPrefix,
  overlap,
  parseAddress,
  parseCidr,
} from '../../linux/index.ts';
import { firstAddress } from './ipam/address-pool.ts';
import { bridgeNameOption, isBuiltIn, mtuOption } from './network-record.ts';
import type { NetworkCreateRequest } from './networks.ts';

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const interfacePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;

/** RFC 8200 section 5. */
const leastIpv6Mtu = 1280;

interface SubnetText {
  subnet: string;
  gateway: string;
  ipRange?: string;
}

/** Checks what can be told from the request alone. Throws in Docker's words. */
export function checkNetworkRequest(request: NetworkCreateRequest): void {
  const { name, driver = 'bridge', ipam = {}, options = {} } = request;
  if (isBuiltIn(name)) {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  if (!namePattern.test(name) || name.length > 255) {
    throw invalid(
      `invalid network name "${name.slice(0, 300)}": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  if (driver === 'host' || driver === 'null') {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  if (driver !== 'bridge') throw unknownDriver(driver);
  if (ipam.driver && ipam.driver !== 'default') {
    throw notFound(`could not resolve ipam driver "${ipam.driver}" in registry: plugin not found`);
  }
  const bridge = options[bridgeNameOption];
  if (bridge !== undefined && !interfacePattern.test(bridge)) {
    throw invalid(`invalid bridge name "${bridge}": 1 to 15 of [a-zA-Z0-9_.-]`);
  }
  const mtu = options[mtuOption];
  if (mtu !== undefined && !(/^\d{1,5}$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65535)) {
    throw invalid(`invalid value for ${mtuOption}: "${mtu}"`);
  }
  if (request.enableIPv6 && Number(mtu ?? leastIpv6Mtu) < leastIpv6Mtu) {
    throw invalid(`invalid value for ${mtuOption}: "${mtu}": IPv6 needs ${leastIpv6Mtu} or more`);
  }
}

function unknownDriver(driver: string): BerthError {
  return notFound(`could not resolve driver "${driver}" in registry: plugin "${driver}" not found`);
}

/**
 * The subnets a request spells out, gateways filled in; the caller adds those it leaves open.
 * Throws `invalid` for texts that are wrong, `forbidden` for an overlap with `inUse`.
 */
export function requestedSubnets(
  request: NetworkCreateRequest,
  inUse: readonly IpPrefix[],
): SubnetText[] {
  const subnets: SubnetText[] = [];
  const prefixes = [...inUse];
  for (const { subnet, gateway, ipRange } of request.ipam?.config ?? []) {
    if (!subnet) {
      if (gateway || ipRange) throw bad('gateway or ip-range is given without a subnet');
      continue;
    }
    const prefix = subnetPrefix(subnet, 'subnet');
    if (prefix.family === 6 && !request.enableIPv6) continue;
    if (prefixes.some((other) => overlap(other, prefix))) {
      throw forbidden('invalid pool request: Pool overlaps with other one on this address space');
    }
    prefixes.push(prefix);
    const range = ipRange ? subnetPrefix(ipRange, 'ip-range') : undefined;
    if (range && !contains(prefix, range)) {
      throw bad(`invalid ip-range ${ipRange}: parent subnet ${subnet} doesn't contain ip-range`);
    }
    subnets.push({
      subnet: formatPrefix(prefix),
      gateway: gateway ? gatewayIn(prefix, gateway) : formatAddress(firstAddress(prefix)),
      ...(range && { ipRange: formatPrefix(range) }),
    });
  }
  const families = subnets.map(({ subnet }) => parseCidr(subnet).prefix.family);
  if (new Set(families).size < families.length) {
    throw bad('bridge driver does not support multiple subnets of one address family');
  }
  return subnets;
}

function subnetPrefix(text: string, what: string): IpPrefix {
  try {
    const { address, prefix } = parseCidr(text);
    if (address.value !== prefix.value) {
      throw bad(`invalid ${what} ${text}: it should be ${formatPrefix(prefix)}`);
    }
    if (prefix.length === 0) throw bad(`invalid ${what} ${text}: it holds every address there is`);
    return prefix;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('invalid network config')) throw error;
    throw bad(`invalid ${what} ${text}: invalid CIDR block notation`);
  }
}

function gatewayIn(prefix: IpPrefix, text: string): string {
  let gateway: ReturnType<typeof parseAddress>;
  try {
    gateway = parseAddress(text);
  } catch {
    throw bad(`invalid gateway ${text}: invalid address`);
  }
  if (!contains(prefix, gateway)) {
    throw bad(
      `invalid gateway ${text}: parent subnet ${formatPrefix(prefix)} doesn't contain this address`,
    );
  }
  return formatAddress(gateway);
}

const bad = (reason: string): BerthError => invalid(`invalid network config:\n${reason}`);
