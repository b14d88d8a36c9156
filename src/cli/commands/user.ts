import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { usersClient } from '../../client/index.ts';
import { invalid } from '../../core/index.ts';
import { connectFrom } from '../daemon-address.ts';
import { renderTable } from '../render/table.ts';

export function userCommand(program: Command): void {
  const user = program.command('user').description('the people who may log in to the registry');
  user
    .command('add <name>')
    .description('create a user, or give an existing one a new password')
    .option('--admin', 'may push to and pull from every repository')
    .option('--password-stdin', 'read the password from standard input')
    .action(
      async (
        name: string,
        options: { admin?: boolean; passwordStdin?: boolean },
        command: Command,
      ) => {
        const password = await readPassword(options.passwordStdin ?? false);
        await usersClient(connectFrom(command)).setPassword(name, password, options.admin ?? false);
      },
    );
  user
    .command('rm <name>')
    .description('remove a user')
    .action((name: string, _options: unknown, command: Command) =>
      usersClient(connectFrom(command)).remove(name),
    );
  user
    .command('ls')
    .description('list the users')
    .action(async (_options: unknown, command: Command) => {
      const users = await usersClient(connectFrom(command)).list();
      process.stdout.write(
        renderTable(
          ['NAME', 'ADMIN'],
          users.map(({ name, admin }) => [name, String(admin)]),
        ),
      );
    });
}

async function readPassword(fromStdin: boolean): Promise<string> {
  let password = '';
  if (fromStdin) {
    for await (const chunk of process.stdin) password += chunk;
    password = password.replace(/\r?\n$/, '');
  } else {
    if (!process.stdin.isTTY)
      throw invalid('add user: no terminal to ask for the password: use --password-stdin');
    process.stderr.write('Password: ');
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
    password = await lines.question('');
    lines.close();
    process.stderr.write('\n');
  }
  if (password === '') throw invalid('add user: the password is empty');
  return password;
}
