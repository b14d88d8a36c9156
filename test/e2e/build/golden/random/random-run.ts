import { environment } from './random-metadata.ts';
import type { Maker } from './scene.ts';

export const run: Maker = (scene) => {
  const { random, chance, token } = scene;
  if (scene.runs === 0) return environment(scene);
  scene.runs--;
  const mounts = [
    '--mount=type=bind,target=/ctx',
    '--mount=type=bind,source=a,target=/m/a,rw',
    '--mount=type=cache,target=/c,uid=7,mode=0700',
    '--mount=type=tmpfs,target=/t',
    '--mount=type=secret,id=s',
    '--mount=type=bind,from=furnished,source=/real,target=/abslink/k',
    '--mount=type=cache,target=rel',
    '--mount=target=/ctx2,ro=false',
    '--mount=type=cache,id=k$A,target=/c/$A',
    '--network=none',
  ];
  const flags = random.list(2, () => `${random.pick(mounts)} `).join('');
  const text = random.pick([
    'echo "$A-$B" > /ran',
    `echo a ${token}\n  b > /ran`,
    'rm -rf /etc/group',
    'ln -s /x /y && mkdir -p /k/l',
    'pwd > /pwd; id > /id',
    'env | sort | grep -v -e HOSTNAME > /env; true',
    `["sh", "-c", "echo $A > /ran"]`,
    `["/bin/sh","-c","id > /i"]`,
    '<<EOF\necho "$A" > /one\npwd >> /one\nEOF',
    `<<-'E'\n\techo $A > /two\n\tE`,
    '<<A cat <<B > /both\necho a\nA\nbody $A\nB',
    '<<EOF\n#!/bin/sh -e\necho $0 > /z\nEOF',
    'cat <<EOF > /x $A\nbody ${A}\nEOF',
    'false',
    'exit 3',
    'touch /d/x',
    'mv /real /moved',
    'rm -rf /real && touch /real',
    'chmod 700 /tmp; chown 7:8 /etc/passwd',
    'ls /ctx > /ls',
    'echo x > /proc/nope',
  ]);
  return `RUN ${chance(0.4) ? flags : ''}${text}`;
};
