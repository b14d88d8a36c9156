import { invalid } from '../../../core/index.ts';
import type { HostConfig, MountSpec } from '../../../engine/index.ts';

/** Checks the form of mounts, not what they name on this machine. Throws `invalid`. */
export function checkMounts({ Mounts = [], Tmpfs = {}, Binds = [] }: HostConfig): void {
  for (const mount of Mounts) checkMount(mount);
  for (const target of Object.keys(Tmpfs)) checkTarget(target);
  const targets = [
    ...Binds.map((bind) => bind.split(':')[1] ?? bind),
    ...Mounts.map(({ Target }) => Target),
    ...Object.keys(Tmpfs),
  ].map((target) => target.replace(/\/+$/, ''));
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw invalid(`Duplicate mount point: ${twice}`);
}

function checkMount(mount: MountSpec): void {
  const { Type: type, Source: source = '', Target: target = '' } = mount;
  const refuse = (why: string) => invalid(`invalid mount config for type "${type ?? ''}": ${why}`);
  if (!['bind', 'volume', 'tmpfs', 'image'].includes(type)) throw refuse('mount type unknown');
  if (target === '') throw refuse('field Target must not be empty');
  if (!target.startsWith('/')) {
    throw refuse(`invalid mount path: '${target}' mount path must be absolute`);
  }
  if (/^[/.]*$/.test(target)) throw refuse("invalid specification: destination can't be '/'");
  if (type === 'bind' && source === '') throw refuse('field Source must not be empty');
  if (type === 'bind' && !source.startsWith('/')) {
    throw refuse(`invalid mount path: '${source}' mount path must be absolute`);
  }
  if (type === 'tmpfs' && source !== '') throw refuse('field Source must not be specified');
  if (type === 'image' && source === '') throw refuse('field Source must not be empty');
  const foreign = (
    [
      ['BindOptions', 'bind'],
      ['VolumeOptions', 'volume'],
      ['TmpfsOptions', 'tmpfs'],
    ] as const
  ).find(([field, owner]) => mount[field] !== undefined && owner !== type);
  if (foreign) throw refuse(`field ${foreign[0]} must not be specified`);
}

function checkTarget(target: string): void {
  if (!target.startsWith('/')) {
    throw invalid(`invalid mount path: '${target}' mount path must be absolute`);
  }
  if (/^[/.]*$/.test(target)) {
    throw invalid("invalid specification: destination can't be '/'");
  }
}
