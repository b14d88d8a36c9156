import type { Rule } from '../rule.ts';

const highestPort = 65_535;

export const dl3011: Rule = {
  code: 'DL3011',
  severity: 'error',
  title: 'Ports go from 0 to 65535',
  unfixable: 'which port was meant is not known',
  documentation: `A port is a number of 16 bits. No process can listen on a higher one.`,
  bad: ['FROM debian:12\nEXPOSE 70000\n', 'FROM debian:12\nEXPOSE 8000-80000/tcp\n'],
  good: ['FROM debian:12\nEXPOSE 8080 53/udp 9000-9010\n', 'FROM debian:12\nEXPOSE $PORT\n'],
  on: {
    expose({ instruction, place }, report) {
      for (const { text, range } of instruction.ports) {
        const numbers = text.split('/', 1)[0]!.match(/\d+/g) ?? [];
        const isPlain = !text.includes('$');
        if (isPlain && numbers.some((number) => Number(number) > highestPort)) {
          report(place, { focus: range });
        }
      }
    },
  },
};
