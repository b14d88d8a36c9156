/** The ways to print findings. */
export const formatNames = [
  'tty',
  'json',
  'checkstyle',
  'codeclimate',
  'gitlab_codeclimate',
  'gnu',
  'codacy',
  'sonarqube',
  'sarif',
  'junit',
] as const;

export type FormatName = (typeof formatNames)[number];
