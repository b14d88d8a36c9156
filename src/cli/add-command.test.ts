import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { addCommand, commandName } from './add-command.ts';

describe('addCommand', () => {
  for (const [args, name] of [
    ['jobs -a', 'jobs'],
    ['-H unix:///x jobs', 'jobs'],
    ['--host lint jobs', 'jobs'],
    ['--host=lint jobs', 'jobs'],
    ['lint jobs', 'lint'],
    // The help text shows all, and a misspelt name is answered with the nearest.
    ['help jobs', undefined],
    ['jbos', undefined],
    ['--help', undefined],
    ['constructor', undefined],
    ['', undefined],
  ] as const) {
    it(`"${args}" names ${name ?? 'none'}`, async () => {
      const words = args.split(' ').filter(Boolean);
      assert.equal(commandName(words), name);
      const program = new Command();
      await addCommand(program, words);
      const added = program.commands.map((command) => command.name());
      const files = readdirSync(join(import.meta.dirname, 'commands'));
      if (name) assert.deepEqual(added, [name]);
      else assert.deepEqual(added.map((each) => `${each}.ts`).sort(), files.sort());
    });
  }

  it('loads nothing for the version', async () => {
    const program = new Command();
    await addCommand(program, ['--version']);
    assert.deepEqual(program.commands, []);
  });
});
