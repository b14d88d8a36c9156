import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../row.ts';

export const memoryRows: Row[] = [
  {
    name: 'memory of the idle daemon',
    goal: 1,
    unit: 'MB',
    prepare: () => sleep(3000),
    sides: {
      berth: async ({ berth }) => (await berth.residentBytes()) / 1e6,
      dockerd: async ({ dockerd }) => (await dockerd.residentBytes()) / 1e6,
    },
  },
];
