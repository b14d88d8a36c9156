import type { SeededRandom } from '../../../../../src/dockerfile/seeded-random.ts';

/** A Dockerfile with one slip in it, as people make them. */
export function mutated(random: SeededRandom, text: string): string {
  const lines = text.split('\n');
  const at = Math.floor(random.next() * lines.length);
  const line = lines[at]!;
  const words = line.split(' ');
  const word = Math.floor(random.next() * words.length);
  const place = Math.floor(random.next() * (line.length + 1));
  const change = random.pick([
    'drop-word',
    'twice-word',
    'drop-line',
    'twice-line',
    'drop-char',
    'twice-char',
    'swap',
    'insert',
    'join',
    'insert',
    'insert',
    'swap-lines',
  ]);
  switch (change) {
    case 'drop-word':
      lines[at] = words.toSpliced(word, 1).join(' ');
      break;
    case 'twice-word':
      lines[at] = words.toSpliced(word, 0, words[word]!).join(' ');
      break;
    case 'drop-line':
      lines.splice(at, 1);
      break;
    case 'twice-line':
      lines.splice(at, 0, line);
      break;
    case 'drop-char':
      lines[at] = line.slice(0, place) + line.slice(place + 1);
      break;
    case 'twice-char':
      lines[at] = line.slice(0, place + 1) + line.slice(place);
      break;
    case 'swap':
      lines[at] =
        line.slice(0, place) +
        line
          .slice(place, place + 2)
          .split('')
          .reverse()
          .join('') +
        line.slice(place + 2);
      break;
    case 'join':
      lines.splice(at, 2, `${line} ${lines[at + 1] ?? ''}`);
      break;
    case 'swap-lines':
      lines.splice(at, 2, lines[at + 1] ?? '', line);
      break;
    default:
      lines[at] =
        line.slice(0, place) +
        random.pick([
          '"',
          "'",
          '\\',
          '`',
          '$',
          '{',
          '}',
          '=',
          '--',
          '[',
          ']',
          ' ',
          '\t',
          '#',
          '<<E',
          ',',
          ':',
          '/',
          '\u00a0',
          '\0',
          '\r',
          '\v',
          '--x=1 ',
          '--from=s0 ',
        ]) +
        line.slice(place);
  }
  return lines.join('\n');
}
