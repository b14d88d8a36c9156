import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from './daemon.ts';

const applets = [
  'cat chmod cp cut date dd df echo env false grep head hostname id ip kill ln ls mkdir mount mv nc nslookup ping',
  'printf ps pwd rm sed seq sh sleep sort stat stty tail tar test touch true tty umount uname wc wget whoami yes',
]
  .join(' ')
  .split(' ');

/** Builds `busybox` in the daemon: Debian's static busybox, a few users, an /etc and a /tmp. */
export async function buildBusybox(daemon: TestDaemon, tag = 'busybox'): Promise<void> {
  const context = join(daemon.folder, 'busybox');
  for (const folder of ['bin', 'etc', 'tmp', 'root', 'home/user']) {
    mkdirSync(join(context, 'root', folder), { recursive: true });
  }
  copyFileSync('/bin/busybox', join(context, 'root/bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(context, 'root/bin', applet));
  chmodSync(join(context, 'root/tmp'), 0o1777);
  writeFileSync(
    join(context, 'root/etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\nuser:x:1000:1000:user:/home/user:/bin/sh\n',
  );
  writeFileSync(
    join(context, 'root/etc/group'),
    'root:x:0:\nnogroup:x:65534:\nuser:x:1000:\nextra:x:2000:user\n',
  );
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY root /\nENV PATH=/bin\nCMD ["sh"]\n',
  );
  await daemon.ok('build', '-q', '-t', tag, context);
}
