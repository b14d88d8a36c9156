import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { EndpointRequest, Networks } from '../../src/engine/index.ts';
import type { Peer } from './network-peer.ts';
import { idOf, nothingLeft, type Stage, setStage } from './network-stage.ts';

/** The daemon of each group starts on a machine without traces and leaves none. */
export function onStage(prepare: () => void = () => {}) {
  let stage: Stage;
  let networks: Networks & AsyncDisposable;
  let machine: Peer;
  let neighbour: Peer;
  before(async () => {
    prepare();
    stage = await setStage();
    neighbour = await stage.neighbour();
    machine = stage.machine();
    networks = stage.networks();
    await networks.adopt([]);
  });
  after(async () => {
    await using _ = stage;
    await networks[Symbol.asyncDispose]();
    assert.deepEqual(await stage.traces(), nothingLeft);
    assert.deepEqual(stage.warnings, []);
  });
  return {
    get stage() {
      return stage;
    },
    get networks() {
      return networks;
    },
    get machine() {
      return machine;
    },
    get neighbour() {
      return neighbour;
    },
    run: (name: string, request: Partial<EndpointRequest> = {}) =>
      stage.container(networks, name, request),
    async stop(...names: string[]) {
      for (const name of names) await networks.tearDown(idOf(name));
    },
  };
}

export function port(containerPort: number, hostPort: number, hostIp = '', protocol = 'tcp') {
  return { containerPort, hostPort, hostIp, protocol: protocol as 'tcp' | 'udp' };
}

export function bare(name: string): EndpointRequest {
  return { containerId: idOf(name), containerName: name, hostname: '', endpoints: {}, ports: [] };
}
