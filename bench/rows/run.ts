import { onEngines, type Row } from '../row.ts';

export const runRows: Row[] = [
  {
    name: 'run --rm true',
    goal: 0.4,
    sides: onEngines((engine, { image }) => engine.docker('run', '--rm', image, 'true')),
  },
  {
    name: '20 containers at once',
    goal: 0.4,
    sides: onEngines((engine, { image }) =>
      Promise.all(Array.from({ length: 20 }, () => engine.docker('run', '--rm', image, 'true'))),
    ),
  },
];
