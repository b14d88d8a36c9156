/** What a secret is, in words for a report. Values are never kept. */
export type SecretKind = string;

const privateKey = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/;
const encryptedKey = /ENCRYPTED|Proc-Type: 4/;
const keyName =
  /(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|ssh_host_[a-z0-9]+_key|[^/]+\.(?:pem|key|p8))$/;
const secretName = /(?:SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY|CREDENTIAL)/i;

/**
 * Patterns begin a line with `[ \t]*`, never `\s*`: that would run over all lines that follow, again
 * from each, which takes seconds for a file of newlines.
 */
interface SecretPattern {
  readonly path: RegExp;
  /** What it is, by the file's beginning; undefined when it holds no secret. */
  readonly find: (text: string) => SecretKind | undefined;
}

const holds = (pattern: RegExp, kind: SecretKind) => (text: string) =>
  pattern.test(text) ? kind : undefined;

const patterns: readonly SecretPattern[] = [
  {
    path: keyName,
    find: (text) => {
      const match = privateKey.exec(text);
      if (!match) return undefined;
      const isEncrypted = encryptedKey.test(text.slice(match.index, match.index + 200));
      return isEncrypted ? 'private key (encrypted)' : 'private key';
    },
  },
  {
    path: /(?:^|\/)\.aws\/(?:credentials|config)$/,
    find: holds(/^[ \t]*aws_secret_access_key\s*=\s*\S/im, 'AWS secret access key'),
  },
  {
    path: /(?:^|\/)(?:\.npmrc|npmrc)$/,
    find: holds(/(?:_authToken|_auth|_password)\s*=\s*(?!\$\{)\S/, 'npm token'),
  },
  {
    path: /(?:^|\/)\.pypirc$/,
    find: holds(/^[ \t]*password\s*[=:]\s*\S/im, 'PyPI password'),
  },
  {
    path: /(?:^|\/)(?:\.netrc|_netrc)$/,
    find: holds(/\bpassword\s+\S/, 'password for a host'),
  },
  {
    path: /(?:^|\/)\.git-credentials$/,
    find: holds(/^\w+:\/\/[^/\s:]*:[^@\s]+@/m, 'git password'),
  },
  {
    path: /(?:^|\/)(?:\.docker\/config\.json|\.dockercfg|containers\/auth\.json)$/,
    find: holds(/"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]+"/, 'registry password'),
  },
  {
    path: /(?:^|\/)\.kube\/config$/,
    find: holds(/^[ \t]*(?:client-key-data|token|password):[ \t]*\S/m, 'Kubernetes credentials'),
  },
  {
    path: /(?:^|\/)(?:application_default_credentials|[^/]*(?:service[-_]?account|credentials?)[^/]*)\.json$/i,
    find: holds(/"(?:private_key|refresh_token)"\s*:\s*"[^"]+"/, 'cloud account key'),
  },
  {
    path: /(?:^|\/)(?:\.composer\/|composer\/)?auth\.json$/,
    find: holds(/"(?:github-oauth|gitlab-token|http-basic)"\s*:\s*\{\s*"/, 'Composer token'),
  },
  { path: /(?:^|\/)\.env(?:\.[\w.-]+)?$/, find: findInEnvFile },
  {
    path: /(?:^|\/)\.(?:pgpass|my\.cnf|s3cfg|htpasswd)$/,
    find: holds(/^(?:[^#\s:]*:){4}\S|^[ \t]*(?:password|secret_key)\s*=\s*\S/m, 'password'),
  },
];

const mostBytes = 64 * 1024;
/** Most files are told by their last letters not to be of interest. */
const quickly =
  /(?:rc|\.pem|\.key|\.p8|_key|_rsa|_dsa|_ecdsa|_ed25519|credentials|config|\.json|\.dockercfg|\.pgpass|\.my\.cnf|\.s3cfg|\/\.env|^\.env|\.env\.[\w.-]+)$/;

/** How much of a file of this path is to be looked at, 0 for most. */
export function secretBytes(path: string, sizeBytes: number): number {
  if (sizeBytes === 0 || !quickly.test(path) || !patterns.some((one) => one.path.test(path)))
    return 0;
  // Samples such as .env.example are there to be seen.
  return /\.(?:example|sample|template|dist)$/.test(path) ? 0 : mostBytes;
}

/** What secret a file of this path holds, by its first bytes. */
export function findSecret(path: string, bytes: Buffer): SecretKind | undefined {
  const text = bytes.subarray(0, mostBytes).toString('latin1');
  for (const { path: pattern, find } of patterns) {
    const kind = pattern.test(path) ? find(text) : undefined;
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function findInEnvFile(text: string): SecretKind | undefined {
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*["']?([^"'\s]*)/.exec(line);
    if (match && isSecretVariable(match[1]!, match[2]!))
      return `variable ${match[1]!.slice(0, 60)}`;
  }
  return undefined;
}

/** Whether a variable of this name is likely to hold a secret, when its value is one at all. */
export function isSecretVariable(name: string, value: string): boolean {
  if (value === '' || /^(?:\$|<|true$|false$|\d{1,5}$|x+$|\*+$|changeme$|\/)/i.test(value))
    return false;
  return secretName.test(name) && !/(?:_FILE|_PATH|_URL|_DIR)$/i.test(name);
}
