import { forbidden, internal, invalid } from '../../../core/index.ts';
import {
  addressBits,
  contains,
  formatAddress,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
} from '../../../linux/index.ts';

/** The addresses of one subnet; who holds which. */
export interface AddressPool {
  /**
   * The lowest free address of the range, or `wanted`, from anywhere in the subnet. Throws
   * `forbidden` in Docker's words when it is taken, `internal` when none is left.
   */
  take(wanted?: IpAddress): IpAddress;
  /** Gives an address back; idempotent. */
  give(address: IpAddress): void;
}

/**
 * How long a returned address rests: interfaces of an ended container live on for some
 * milliseconds, and a bridge would send its successor's packets there.
 */
const restMs = 5000;

/** The network's own and, for IPv4, the broadcast address are never given; nor those `reserved`. */
export function createAddressPool(options: {
  subnet: IpPrefix;
  /** Where addresses are taken from; the whole subnet when absent. */
  range?: IpPrefix;
  reserved: readonly IpAddress[];
  now: () => number;
}): AddressPool {
  const { subnet, range = subnet, now } = options;
  const taken = new Set(options.reserved.map(({ value }) => value));
  const returnedAtMs = new Map<bigint, number>();
  const bounds = usable(subnet);
  const rangeEnd = range.value + (1n << BigInt(addressBits(range.family) - range.length)) - 1n;
  const [, first = 0n] = ascending(range.value, bounds.first);
  const [last = 0n] = ascending(rangeEnd, bounds.last);

  function lowestFree(): bigint {
    for (const [value, atMs] of returnedAtMs) {
      if (now() - atMs < restMs) break;
      returnedAtMs.delete(value);
    }
    for (let value = first; value <= last; value++) {
      if (!taken.has(value) && !returnedAtMs.has(value)) return value;
    }
    const [rested] = [...returnedAtMs.keys()].filter((value) => value >= first && value <= last);
    if (rested !== undefined) return rested;
    throw internal(
      `no available IPv${subnet.family} addresses on this network's address pools: ${formatPrefix(range)}`,
      { code: 'NO_ADDRESS' },
    );
  }

  function check({ family, value }: IpAddress): bigint {
    const text = formatAddress({ family, value });
    if (!contains(subnet, { family, value })) {
      throw invalid(`no configured subnet or ip-range contain the IP address ${text}`);
    }
    if (value < bounds.first || value > bounds.last || taken.has(value)) {
      throw forbidden('Address already in use', { details: { address: text } });
    }
    return value;
  }

  return {
    take(wanted) {
      const value = wanted ? check(wanted) : lowestFree();
      returnedAtMs.delete(value);
      taken.add(value);
      return { family: subnet.family, value };
    },
    give({ value }) {
      if (taken.delete(value)) returnedAtMs.set(value, now());
    },
  };
}

function ascending(...values: bigint[]): bigint[] {
  return values.sort((a, b) => Number(a > b) - Number(a < b));
}

/** RFC 3021: a /31 has neither network nor broadcast address, nor has a single host. */
function usable({ family, value, length }: IpPrefix): { first: bigint; last: bigint } {
  const last = value + (1n << BigInt(addressBits(family) - length)) - 1n;
  if (length >= addressBits(family) - 1) return { first: value, last };
  return { first: value + 1n, last: family === 4 ? last - 1n : last };
}

/** The first address a gateway could have. */
export function firstAddress(subnet: IpPrefix): IpAddress {
  return { family: subnet.family, value: usable(subnet).first };
}
