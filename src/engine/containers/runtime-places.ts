/** By this file programs know that they run in a container. */
export const containerMark = '/.dockerenv';

/**
 * What engine and runtime make in a root, mostly to mount on. Docker keeps these in a layer of its own:
 * they are no change of the container's, and no part of an image made of it.
 */
export const runtimePlaces = [
  containerMark,
  '/dev',
  '/dev/console',
  '/dev/mqueue',
  '/dev/pts',
  '/dev/shm',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/mtab',
  '/etc/resolv.conf',
  '/proc',
  '/sys',
  '/sys/fs',
  '/sys/fs/cgroup',
  '/sbin/docker-init',
] as const;
