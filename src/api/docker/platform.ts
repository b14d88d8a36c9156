import { invalid, type Platform, parsePlatform } from '../../core/index.ts';

/** A `platform` parameter: `linux/arm64/v8`, `linux` or `arm64`, or the JSON of API 1.48. Throws `invalid`. */
export function platformParameter(text: string): Platform {
  return text.startsWith('{') ? platformOfJson(text) : parsePlatform(text);
}

function platformOfJson(text: string): Platform {
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
