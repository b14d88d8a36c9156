import { invalid } from '../../core/index.ts';

const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT ' +
    'STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  ).split(' '),
);

/** Throws `invalid` in Docker's words unless it names a signal by number or name. */
export function checkSignal(text: string): void {
  const bad = () => invalid(`invalid signal: ${text}`);
  if (/^\d+$/.test(text)) {
    if (Number(text) === 0) throw bad();
    return;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const offset = /^RTM(?:IN\+|AX-)(\d+)$/.exec(name);
  if (offset ? Number(offset[1]) > 15 : !names.has(name)) throw bad();
}
