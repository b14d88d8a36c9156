import type { Connection } from './connection.ts';

/** The platform API's users, typed. */
export function usersClient(connection: Connection) {
  const at = (name: string) => `/v1/users/${encodeURIComponent(name)}`;
  return {
    list: () =>
      connection.json<{ name: string; admin: boolean }[]>({ method: 'GET', path: '/v1/users' }),
    setPassword: (name: string, password: string, admin: boolean) =>
      connection.json<void>({ method: 'PUT', path: at(name), body: { password, admin } }),
    remove: (name: string) => connection.json<void>({ method: 'DELETE', path: at(name) }),
  };
}
