import type { LintBaseImage } from './base-image-facts.ts';
import { imageName } from './image-name.ts';

const apt = ['apt', 'apt-get', 'aptitude'];

/** Official images by their name, and what holds for all their tags. */
const byPath: Readonly<Record<string, LintBaseImage>> = {
  scratch: { packageManagers: [], hasShell: false },
  alpine: { user: '', packageManagers: ['apk'], shells: ['sh', 'ash'] },
  archlinux: { user: '', packageManagers: ['pacman'] },
  busybox: { user: '', packageManagers: [], shells: ['sh', 'ash'] },
  debian: { user: '', packageManagers: apt },
  fedora: { user: '', packageManagers: ['dnf', 'dnf5', 'yum'] },
  'opensuse/leap': { user: '', packageManagers: ['zypper'] },
  'opensuse/tumbleweed': { user: '', packageManagers: ['zypper'] },
  ubuntu: { user: '', packageManagers: apt },
};

const releasesOfDebian =
  /(?:^|-)(?:slim-)?(?:buster|bullseye|bookworm|trixie|jammy|noble|focal)(?:-slim)?$/;

/**
 * What an image is known for by its name alone: the official images, those of them built on Alpine
 * or a named release of Debian, and distroless. Undefined of all others.
 */
export function knownImage(text: string): LintBaseImage | undefined {
  const { registry, path, tag = '' } = imageName(text);
  if (registry === 'gcr.io' && path.startsWith('distroless/')) {
    return tag.includes('debug') ? undefined : { packageManagers: [], hasShell: false };
  }
  if (registry !== undefined && registry !== 'docker.io') return undefined;
  const official = path.replace(/^library\//, '');
  const known = Object.hasOwn(byPath, official) ? byPath[official] : undefined;
  if (known || official.includes('/') || official.includes('$')) return known;
  if (/(?:^|-)alpine(?:[\d.]*)$/.test(tag)) {
    // Official images on Alpine may bring bash with them.
    return { packageManagers: ['apk'] };
  }
  return releasesOfDebian.test(tag) ? { packageManagers: apt } : undefined;
}
