import { formatPlatform, parsePlatform, parseReference, quoted } from '../../core/index.ts';
import type { Check } from './check.ts';

export const invalidDefaultArgInFrom: Check = {
  name: 'InvalidDefaultArgInFrom',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  from({ from, defaultImage }, report) {
    if (defaultImage === undefined || isReference(defaultImage)) return;
    const message = `Default value for ARG ${from.image.text} results in empty or invalid base image name`;
    report(message, from, from.image.range);
  },
};

function isReference(text: string): boolean {
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

export const redundantTargetPlatform: Check = {
  name: 'RedundantTargetPlatform',
  description:
    'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  from({ from, platform, known }, report) {
    if (!platform || platform.unmatched.size > 0 || platform.matched.size !== 1) return;
    if (!platform.matched.has('TARGETPLATFORM')) return;
    if (platform.text !== known.get('TARGETPLATFORM')) return;
    const { text, range } = platform.written;
    const message = `Setting platform to predefined ${text} in FROM is redundant as this is the default behavior`;
    report(message, from, range);
  },
};

export const fromPlatformFlagConstDisallowed: Check = {
  name: 'FromPlatformFlagConstDisallowed',
  description: 'FROM --platform flag should not use a constant value',
  from({ stage, from, platform }, report) {
    if (!platform || platform.matched.size > 0 || platform.unmatched.size > 0) return;
    const parsed = knownPlatform(platform.text);
    // A stage named for its platform is meant to have it.
    const name = stage.name ?? '';
    if (!parsed || name.includes(parsed.os) || name.includes(parsed.architecture)) return;
    const message = `FROM --platform flag should not use constant value ${quoted(platform.text)}`;
    report(message, from, platform.written.range);
  },
};

export const invalidBaseImagePlatform: Check = {
  name: 'InvalidBaseImagePlatform',
  description: 'Base image platform does not match expected target platform',
  from({ from, image, platforms }, report) {
    if (!platforms) return;
    const { expected, actual } = platforms;
    if (expected.os === actual.os && expected.architecture === actual.architecture) return;
    const words = [actual, expected].map((platform) => quoted(formatPlatform(platform)));
    const message = `Base image ${image.text} was pulled with platform ${words[0]}, expected ${words[1]} for current build`;
    report(message, from, from.image.range);
  },
};

function knownPlatform(text: string) {
  try {
    return parsePlatform(text, { os: 'linux', architecture: 'amd64' });
  } catch {
    return undefined;
  }
}
