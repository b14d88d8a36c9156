import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalid } from '../../../core/index.ts';

/** The people who may log in to the registry. */
export interface UsersBackend {
  /** Creates the user, or gives an existing one a new password. */
  setPassword(name: string, password: string, options: { admin: boolean }): Promise<void>;
  /** Throws `not-found`. */
  remove(name: string): Promise<void>;
  list(): Promise<{ name: string; admin: boolean }[]>;
}

export function userRoutes(app: FastifyInstance, users: UsersBackend): void {
  app.get('/v1/users', () => users.list());
  app.put(
    '/v1/users/:name',
    async (request: FastifyRequest<{ Params: { name: string } }>, reply) => {
      const { password, admin = false } = (request.body ?? {}) as {
        password?: unknown;
        admin?: unknown;
      };
      if (typeof password !== 'string' || password === '')
        throw invalid('set user: field "password" is missing');
      if (typeof admin !== 'boolean')
        throw invalid('set user: field "admin" must be true or false');
      await users.setPassword(request.params.name, password, { admin });
      return reply.code(204).send();
    },
  );
  app.delete(
    '/v1/users/:name',
    async (request: FastifyRequest<{ Params: { name: string } }>, reply) => {
      await users.remove(request.params.name);
      return reply.code(204).send();
    },
  );
}
