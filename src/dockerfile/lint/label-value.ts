import { isLicenseExpression } from '../../core/index.ts';

export const labelTypes = ['text', 'rfc3339', 'semver', 'url', 'hash', 'spdx', 'email'] as const;

/** What the value of a label must look like. */
export type LabelType = (typeof labelTypes)[number];

const dateTime =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const hash = /^(?:[0-9a-f]{7}|[0-9a-f]{40})$/;
const email =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/;
const longestEmail = 320;

const checks: Record<LabelType, (value: string) => boolean> = {
  text: () => true,
  rfc3339: isDateTime,
  semver: (value) => value.length <= 256 && semver.test(value),
  url: (value) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(value) && URL.canParse(value),
  hash: (value) => hash.test(value),
  spdx: isLicenseExpression,
  email: (value) => value.length <= longestEmail && email.test(value),
};

/** Whether a label's value, its quotes removed, is of the form asked for. */
export function isLabelValue(type: LabelType, value: string): boolean {
  return checks[type](value);
}

function isDateTime(value: string): boolean {
  const match = dateTime.exec(value);
  if (!match) return false;
  const [year, month, day] = match.slice(1, 4).map(Number) as [number, number, number];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(year, month, 0).getDate();
}
