import type { ImageConfig } from '../manifest/image-config.ts';
import { isSecretVariable, type SecretKind } from './secrets.ts';

/** A secret that the image's configuration or history gives away. */
export interface ConfigSecret {
  readonly kind: SecretKind;
  /** `ENV` or `history line 7` and the like. */
  readonly where: string;
}

export function configSecretsOf(config: ImageConfig): ConfigSecret[] {
  const found: ConfigSecret[] = [];
  for (const variable of config.config?.Env ?? []) {
    const name = secretIn(variable);
    if (name !== undefined) found.push({ kind: `variable ${name}`, where: 'ENV' });
  }
  for (const [index, { created_by = '' }] of (config.history ?? []).entries()) {
    for (const assignment of argumentsOf(created_by)) {
      const name = secretIn(assignment);
      if (name === undefined) continue;
      found.push({ kind: `build argument ${name}`, where: `history line ${index + 1}` });
    }
  }
  return found;
}

function secretIn(assignment: string): string | undefined {
  const equals = assignment.indexOf('=');
  const name = assignment.slice(0, Math.max(equals, 0));
  const isSecret = equals > 0 && isSecretVariable(name, assignment.slice(equals + 1));
  return isSecret ? name.slice(0, 60) : undefined;
}

/** The values of build arguments: `|2 A=x B=y /bin/sh -c …`, or `ARG A=x`. */
function argumentsOf(line: string): string[] {
  const counted = /^(?:RUN )?\|(\d{1,3}) /.exec(line);
  if (counted) return line.slice(counted[0].length).split(' ', Number(counted[1]));
  const told = /^(?:\/bin\/sh -c #\(nop\)\s+)?ARG (.*)$/s.exec(line);
  return told ? told[1]!.split(' ') : [];
}
