import { openWorkshop } from './workshop.ts';

/** Begins a build that never ends, for a test to kill: says `running` once its step runs. */
const shop = await openWorkshop({ rootPath: process.argv[2] });
await shop.build(
  'FROM busybox\nCOPY f /f\nRUN --mount=type=secret,id=s echo started; sleep 1000\n',
  {
    files: { f: 'x' },
    secrets: { s: Buffer.from('secret') },
    onEvent: (event) => {
      if (event.kind === 'step-output') process.stdout.write('running\n');
    },
  },
);
