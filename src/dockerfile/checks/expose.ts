import { splitPort } from '../exposed-port.ts';
import type { Check } from './check.ts';

export const exposeProtoCasing: Check = {
  name: 'ExposeProtoCasing',
  description: 'Protocol in EXPOSE instruction should be lowercase',
  instruction({ instruction, place }, report) {
    if (instruction.kind !== 'expose') return;
    for (const { text, range } of instruction.ports) {
      const { protocol } = splitPort(text);
      if (!isPort(text) || protocol === protocol.toLowerCase()) continue;
      const message = `Defined protocol '${text}' in EXPOSE instruction should be lowercase`;
      report(message, place, range);
    }
  },
};

export const exposeInvalidFormat: Check = {
  name: 'ExposeInvalidFormat',
  description:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  instruction({ instruction, place }, report) {
    if (instruction.kind !== 'expose') return;
    for (const { text, range } of instruction.ports) {
      const { hostIp, hostPort } = splitPort(text);
      if (!isPort(text) || (hostIp === '' && hostPort === '')) continue;
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${text}'`;
      report(message, place, range);
    }
  },
};

/** What is no port at all fails the build, so there is nothing to warn of. */
function isPort(text: string): boolean {
  const { port, protocol } = splitPort(text);
  return port !== '' && /^(?:tcp|udp|sctp|)$/i.test(protocol);
}
