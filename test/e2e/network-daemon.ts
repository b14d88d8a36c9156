import { join } from 'node:path';
import { type ContainerNetwork, createNetworks } from '../../src/engine/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { idOf, requestFor } from './network-stage.ts';

/** A daemon's networks in a process of their own, to be killed: `network-daemon.ts FOLDER keep|churn`. */
const [, , folder = '', work] = process.argv;
const port = (hostPort: number) => ({
  containerPort: 80,
  hostPort,
  hostIp: '0.0.0.0',
  protocol: 'tcp' as const,
});
const networks = createNetworks({
  database: openDatabase(join(folder, 'berth.db')),
  runPath: join(folder, 'run'),
  bridge: { name: 'berth0' },
});
await networks.adopt([]);
if (work === 'keep') await keep();
else await churn();

/** Sets two containers up and tells of them. */
async function keep(): Promise<void> {
  await networks.create({ name: 'own' });
  const requests = [
    requestFor('kept', { endpoints: { bridge: {}, own: {} }, ports: [port(8200)] }),
    requestFor('orphan', { ports: [port(8201)] }),
  ];
  const established: ContainerNetwork[] = [];
  for (const request of requests) established.push(await networks.setUp(request));
  console.log(JSON.stringify(requests.map((one, i) => ({ ...one, established: established[i] }))));
  setInterval(() => {}, 1000);
}

/** Makes and unmakes, without end. */
async function churn(): Promise<void> {
  console.log('[]');
  for (let i = 0; ; i++) {
    const names = [0, 1, 2].map((j) => `c${i}-${j}`);
    await networks.create({ name: `net${i}` });
    const request = { endpoints: { bridge: {}, [`net${i}`]: {} }, ports: [port(0)] };
    await Promise.all(names.map((name) => networks.setUp(requestFor(name, request))));
    await Promise.all(names.map((name) => networks.tearDown(idOf(name))));
    await networks.remove(`net${i}`);
  }
}
