import { compileGoPattern, type GoPattern, invalid } from '../../core/index.ts';
import type { ContainerConfig, HostConfig } from '../containers/container-config.ts';
import type { LogTarget } from '../io/output/messages.ts';

type Settings = Omit<LogTarget, 'path'>;

const known = new Set([
  'max-file',
  'max-size',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
]);

/**
 * How a container's output is logged: undefined for the driver `none`. `local` is served by the same
 * files with Docker's limits of that driver. Throws `invalid` for other drivers and bad options.
 */
export function logSettings(
  hostConfig: Pick<HostConfig, 'LogConfig'>,
  container: { config: ContainerConfig; id: string; name: string },
): Settings | undefined {
  const { Type: driver = '', Config: options = {} } = hostConfig.LogConfig ?? {};
  switch (driver) {
    case 'none':
      return undefined;
    case '':
    case 'json-file':
      return settingsOf(options, container, { 'max-file': '1' });
    case 'local':
      return settingsOf(options, container, {
        'max-size': '20m',
        'max-file': '5',
        compress: 'true',
      });
    default:
      throw invalid(`logger: no log driver named '${driver}' is registered`);
  }
}

function settingsOf(
  asked: Readonly<Record<string, string>>,
  container: { config: ContainerConfig; id: string; name: string },
  defaults: Readonly<Record<string, string>>,
): Settings {
  const unknown = Object.keys(asked).find((name) => !known.has(name));
  if (unknown !== undefined) throw invalid(`unknown log opt '${unknown}' for json-file log driver`);
  const options = { ...defaults, ...asked };
  const size = options['max-size'];
  const maxSizeBytes = size === undefined || size === '-1' ? undefined : parseDecimalSize(size);
  if (maxSizeBytes === 0) throw invalid('max-size must be a positive number');
  const maxFiles = Number(options['max-file']);
  if (!Number.isInteger(maxFiles)) throw invalid(`invalid max-file: "${options['max-file']}"`);
  if (maxFiles < 1) throw invalid('max-file cannot be less than 1');
  const compress = options.compress === 'true';
  if (asked.compress === 'true' && (maxFiles === 1 || maxSizeBytes === undefined)) {
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  const attributes = attributesOf(options, container);
  const text = Object.keys(attributes).length === 0 ? '' : JSON.stringify(attributes);
  return { maxSizeBytes, maxFiles, compress, attributes: text };
}

/** Docker counts the sizes of logs in thousands: `10m` is ten million bytes. */
function parseDecimalSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s?([kmgtp]?)b?$/i.exec(text);
  if (!match) throw invalid(`invalid size: '${text}'`);
  const power = ' kmgtp'.indexOf((match[2] || ' ').toLowerCase());
  return Math.floor(Number(match[1]) * 1000 ** power);
}

/** What each entry carries besides: labels and variables chosen by name or pattern, and a tag. */
function attributesOf(
  options: Readonly<Record<string, string>>,
  { config, id, name }: { config: ContainerConfig; id: string; name: string },
): Record<string, string> {
  const labels = Object.entries(config.Labels ?? {});
  const variables = (config.Env ?? []).map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  const chosen = [
    ...choose(labels, options.labels, options['labels-regex']),
    ...choose(variables, options.env, options['env-regex']),
  ];
  const attributes = Object.fromEntries(chosen);
  if (options.tag) attributes.tag = expandTag(options.tag, { id, name, image: config.Image });
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function choose(
  pairs: readonly (readonly [string, string])[],
  names = '',
  pattern = '',
): (readonly [string, string])[] {
  const wanted = new Set(names.split(',').filter(Boolean));
  const expression = pattern === '' ? undefined : readPattern(pattern);
  return pairs.filter(([key]) => wanted.has(key) || expression?.test(key));
}

function readPattern(text: string): GoPattern {
  try {
    return compileGoPattern(text);
  } catch (cause) {
    throw invalid(`invalid log option pattern: "${text}"`, { cause });
  }
}

/** The fields of Docker's tag templates that name the container. */
function expandTag(
  template: string,
  container: { id: string; name: string; image: string },
): string {
  const fields: Readonly<Record<string, string>> = {
    ID: container.id.slice(0, 12),
    FullID: container.id,
    Name: container.name,
    ImageName: container.image,
    DaemonName: 'docker',
  };
  return template.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (_, field: string) => {
    const value = fields[field];
    if (value === undefined) throw invalid(`invalid log tag: unknown field "${field}"`);
    return value;
  });
}
