import { invalid } from '../../../core/index.ts';
import { empty, json } from '../../http/reply.ts';
import { del, get, put, type Route } from '../../http/route.ts';

/** The people who may log in to the registry. */
export interface UsersBackend {
  /** Creates the user, or gives an existing one a new password. Throws `invalid` on a bad name. */
  setPassword(name: string, password: string, options: { admin: boolean }): Promise<void>;
  /** Throws `not-found`. */
  remove(name: string): Promise<void>;
  list(): Promise<{ name: string; admin: boolean }[]>;
}

export function userRoutes(users: UsersBackend): Route[] {
  return [
    get('/v1/users', async () => json(await users.list())),
    put('/v1/users/:name', async (request) => {
      const body = (await request.json()) as { password?: unknown; admin?: unknown } | null;
      const { password, admin = false } = body ?? {};
      if (typeof password !== 'string' || password === '')
        throw invalid('set user: field "password" is missing');
      if (typeof admin !== 'boolean')
        throw invalid('set user: field "admin" must be true or false');
      await users.setPassword(request.params.name!, password, { admin });
      return empty(204);
    }),
    del('/v1/users/:name', async (request) => {
      await users.remove(request.params.name!);
      return empty(204);
    }),
  ];
}
