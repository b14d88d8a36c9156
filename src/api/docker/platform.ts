import { invalid } from '../../core/index.ts';
import type { Platform } from '../../image/index.ts';

const architectures: Record<string, string> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
};
const part = /^[A-Za-z0-9_.-]+$/;

/** `linux/arm64/v8`, `linux` or `arm64`, or the JSON of API 1.48. Throws `invalid`. */
export function parsePlatform(text: string): Platform {
  if (text.startsWith('{')) return parsePlatformJson(text);
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((one) => part.test(one))) {
    throw invalid(`"${text}": cannot parse platform specifier: invalid argument`);
  }
  const [first = '', second, variant] = parts.map((one) => one.toLowerCase());
  if (second === undefined) {
    const os = first === 'linux' || first === 'windows' || first === 'freebsd';
    const architecture = os ? hostArchitecture() : (architectures[first] ?? first);
    return { os: os ? first : 'linux', architecture };
  }
  const architecture = architectures[second] ?? second;
  return { os: first, architecture, ...(variant !== undefined && { variant }) };
}

function parsePlatformJson(text: string): Platform {
  let value: Partial<Platform>;
  try {
    value = JSON.parse(text) as Partial<Platform>;
  } catch (cause) {
    throw invalid(`failed to parse platform: ${(cause as Error).message}`, { cause });
  }
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw invalid('failed to parse platform: both OS and Architecture must be provided');
  }
  return { os, architecture, ...(typeof variant === 'string' && variant !== '' && { variant }) };
}

function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
