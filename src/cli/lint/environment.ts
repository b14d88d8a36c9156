import type { LabelType } from '../../dockerfile/lint/index.ts';
import { isFormat, isLabelType, isThreshold, type PartialConfig } from './lint-config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `NO_COLOR` and hadolint's variables say; a value that is none of its kind says nothing. */
export function environmentConfig(environment: Environment): PartialConfig {
  const list = (name: string) =>
    (environment[name] ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const isYes = (name: string) => {
    const value = environment[name];
    return value === undefined ? undefined : /^(?:1|y|on|true|yes)$/i.test(value);
  };
  const format = environment.HADOLINT_FORMAT ?? '';
  const threshold = environment.HADOLINT_FAILURE_THRESHOLD ?? '';
  return {
    noFail: isYes('HADOLINT_NOFAIL'),
    // no-color.org: any value but an empty one.
    noColor: environment.NO_COLOR ? true : undefined,
    verbose: isYes('HADOLINT_VERBOSE'),
    format: isFormat(format) ? format : undefined,
    failureThreshold: isThreshold(threshold) ? threshold : undefined,
    strictLabels: isYes('HADOLINT_STRICT_LABELS'),
    disableIgnorePragma: isYes('HADOLINT_DISABLE_IGNORE_PRAGMA'),
    ignored: list('HADOLINT_IGNORE'),
    override: {
      error: list('HADOLINT_OVERRIDE_ERROR'),
      warning: list('HADOLINT_OVERRIDE_WARNING'),
      info: list('HADOLINT_OVERRIDE_INFO'),
      style: list('HADOLINT_OVERRIDE_STYLE'),
    },
    trustedRegistries: [
      ...list('HADOLINT_TRUSTED_REGISTRIES'),
      ...list('HADOLINT_ALLOWED_REGISTRIES'),
    ],
    labelSchema: labelSchema(list('HADOLINT_REQUIRE_LABELS')),
  };
}

function labelSchema(items: readonly string[]): Map<string, LabelType> {
  const schema = new Map<string, LabelType>();
  for (const item of items) {
    const colon = item.indexOf(':');
    const type = item.slice(colon + 1);
    if (colon > 0 && isLabelType(type)) schema.set(item.slice(0, colon), type);
  }
  return schema;
}
