import type { Check } from './check.ts';

export const invalidDefinitionDescription: Check = {
  name: 'InvalidDefinitionDescription',
  description:
    'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  experimental: true,
  file({ dockerfile }, report) {
    for (const instruction of dockerfile.instructions) {
      let names: string[];
      if (instruction.kind === 'from') names = [instruction.name?.text.toLowerCase() ?? ''];
      else if (instruction.kind === 'arg') {
        names = instruction.definitions.map(({ name }) => name.text);
      } else continue;
      const [first = ''] = names;
      const comment = instruction.comments.at(-1);
      if (comment === undefined || first === '' || names.includes(comment.split(' ', 1)[0]!)) {
        continue;
      }
      const example = names.length > 1 ? '<arg_key>' : first;
      const name = instruction.kind.toUpperCase();
      const message = `Comment for ${name} should follow the format: \`# ${example} <description>\``;
      report(message, instruction, instruction.keyword.range);
    }
  },
};
