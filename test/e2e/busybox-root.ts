import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Fills a folder with a small root filesystem: busybox under all its names, a few users. */
export function fillBusyboxRoot(root: string): string {
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/me']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'));
  execFileSync(join(root, 'bin/busybox'), ['--install', '-s', join(root, 'bin')], {
    stdio: 'ignore',
  });
  // The links name the path they were made at; inside, the root is another.
  execFileSync('sh', ['-c', 'for n in *; do [ -L "$n" ] && ln -sfn busybox "$n"; done; true'], {
    cwd: join(root, 'bin'),
  });
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nme:x:1000:\naudio:x:29:me\n');
  return root;
}
