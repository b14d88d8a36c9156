/** Parts of names that mean a secret wherever they stand. */
const parts = /api_?key|client_?key|password|private|secret|token|username|access_key|auth_key/i;

/** Names of well-known services' credentials that have none of these parts. */
const names = new Set([
  'APPLICATION_KEY',
  'CF_USER',
  'CI_DEPLOY_USER',
  'DOCKER_EMAIL',
  'FACEBOOK_APP_ID',
  'HEROKU_API_USER',
  'OKTA_AUTHN_GROUPID',
  'OKTA_CLIENT_ORGURL',
  'OKTA_OAUTH2_CLIENTID',
  'TRAVIS_SECURE_ENV_VARS',
]);

/** Whether a variable of this name is likely to hold something nobody else should read. */
export function isSecretName(name: string): boolean {
  return parts.test(name) || names.has(name.toUpperCase());
}
