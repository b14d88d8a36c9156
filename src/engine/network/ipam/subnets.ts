import { createHash } from 'node:crypto';
import { forbidden } from '../../../core/index.ts';
import { addressBits, type IpPrefix, overlap, parseCidr } from '../../../linux/index.ts';

/** A block that is cut into subnets of `size` bits, as in Docker's `default-address-pools`. */
export interface SubnetPool {
  readonly base: string;
  readonly size: number;
}

/** Docker's own: 172.17/16 to 172.31/16, then 192.168/16 in parts of /20. */
export const defaultSubnetPools: readonly SubnetPool[] = [
  ...Array.from({ length: 15 }, (_, i) => ({ base: `172.${17 + i}.0.0/16`, size: 16 })),
  { base: '192.168.0.0/16', size: 20 },
];

/** The first subnet of the pools that overlaps none in use. Throws `forbidden` when all do. */
export function chooseSubnet(pools: readonly SubnetPool[], inUse: readonly IpPrefix[]): IpPrefix {
  for (const { base, size } of pools) {
    const { prefix } = parseCidr(base);
    const step = 1n << BigInt(addressBits(prefix.family) - size);
    const end = prefix.value + (1n << BigInt(addressBits(prefix.family) - prefix.length));
    for (let value = prefix.value; value < end; value += step) {
      const subnet = { family: prefix.family, value, length: size };
      if (!inUse.some((used) => overlap(used, subnet))) return subnet;
    }
  }
  throw forbidden('all predefined address pools have been fully subnetted');
}

/** A unique local /64 (RFC 4193) that a network keeps for its life, drawn from its id. */
export function uniqueLocalSubnet(networkId: string): IpPrefix {
  const global = createHash('sha256').update(networkId).digest('hex').slice(0, 10);
  return { family: 6, value: BigInt(`0xfd${global}`) << 80n, length: 64 };
}
