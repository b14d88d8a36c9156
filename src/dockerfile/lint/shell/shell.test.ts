import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDockerfile } from '../../parse.ts';
import { seededRandom } from '../../seeded-random.ts';
import { readScript } from './read-script.ts';
import { runScripts } from './run-scripts.ts';
import { sourceSpan } from './shell-script.ts';
import { shellOf } from './shell-state.ts';

/** Each command as its words, a name that is not known as `?`. */
function commandsOf(text: string): string[] {
  return readScript(text, (at) => at).commands.map(({ name, args }) =>
    [name === '' ? '?' : name, ...args.map((word) => word.text)].join(' '),
  );
}

describe('commands', () => {
  const cases: [text: string, expected: string[]][] = [
    ['a b  c', ['a b c']],
    ['a && b || c; d & e | f |& g', ['a', 'b', 'c', 'd', 'e', 'f', 'g']],
    ['a "b c" \'d "e\' f\\ g h"i"j', ['a b c d "e f g hij']],
    ['X=1 Y="2 3" a b', ['a b']],
    ['X=$(a b) Y=`c d`', ['a b', 'c d']],
    [
      'echo "$(a "b c" $(d))" `e f` $' + '{x:-$(g)}',
      [`echo \${VAR} \${VAR} \${VAR}`, `a b c \${VAR}`, 'd', 'e f', 'g'],
    ],
    ['$CMD a', ['? a']],
    ['if a; then b; elif c; then d; else e; fi', ['a', 'b', 'c', 'd', 'e']],
    ['for x in 1 2; do a $x; done', [`a \${VAR}`]],
    ['while ! a; do b; done; until c; do d; done', ['a', 'b', 'c', 'd']],
    ['case $x in a|b) c;; (d) e ;; *) f | g; esac; h', ['c', 'e', 'f', 'g', 'h']],
    ['{ a; b; } && (c; d)', ['a', 'b', 'c', 'd']],
    ['f() { a; }; function g { b; }; f', ['a', 'b', 'f']],
    ['[[ a == b && c > d ]] && e', ['e']],
    ['[ a = b ] || c', ['[ a = b ]', 'c']],
    ['((x = 1 > 2)); a $((1 + (2))) b', [`a \${VAR} b`]],
    ['a > /x 2>&1 < y >> z &> q b', ['a b']],
    ['a <(b c) >(d)', [`a \${VAR} \${VAR}`, 'b c', 'd']],
    ['a # b\nc', ['a', 'c']],
    ['a#b c', ['a#b c']],
    ['cat <<EOF > x\nsudo y\nEOF\nb', ['cat', 'b']],
    ["cat <<-'E' <<F\n\ta\n\tE\nb\nF\nc", ['cat', 'c']],
    ['cat <<< "x y" z', ['cat z']],
    ['a \\\n  b', ['a b']],
    ['command cd /x; exec a b; busybox wget x', ['cd /x', 'a b', 'wget x']],
    ['time a; \\sudo b; "sudo" c', ['a', 'sudo b', 'sudo c']],
    ["a $'b\\nc' d", ['a bnc d']],
    ['arr=(a b "c d") e f', ['e f']],
    ['echo {a,b} *.c', ['echo {a,b} *.c']],
    ["a 'unfinished", ['a unfinished']],
    ['a "unfinished $(b', [`a unfinished \${VAR}`, 'b']],
    [')) a ) b', ['a', 'b']],
    ['', []],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => assert.deepEqual(commandsOf(text), expected));
  }

  test('pipes are counted wherever they are', () => {
    const pipes = (text: string) => readScript(text, (at) => at).pipes;
    assert.equal(pipes('a | b || c "$(d | e)" "f | g"'), 2);
  });
});

describe('places in the Dockerfile', () => {
  const text =
    'FROM a\nRUN one && \\\n  # note\n\n  two "x" \\\n  three;four\nRUN ["five", "six"]\n';
  const dockerfile = parseDockerfile(text);
  const places = dockerfile.instructions.flatMap((run) => {
    if (run.kind !== 'run') return [];
    return runScripts(run, dockerfile).flatMap(({ commands }) =>
      commands.flatMap(({ script, nameWord, args }) =>
        [nameWord, ...args].map(({ text: word, start, end }) => {
          const span = sourceSpan(script, start, end);
          return [word, text.slice(span.start, span.end)];
        }),
      ),
    );
  });
  test('words stand where they are written', () => {
    assert.deepEqual(places, [
      ['one', 'one'],
      ['two', 'two'],
      ['x', '"x"'],
      ['three', 'three'],
      ['four', 'four'],
      ['five', 'five'],
      ['six', 'six'],
    ]);
  });

  test('lines are joined as the parser joins them', () => {
    for (const run of dockerfile.instructions) {
      if (run.kind !== 'run' || run.command.form === 'exec') continue;
      assert.equal(runScripts(run, dockerfile)[0]?.text, run.args.text);
    }
  });

  test('here-documents are scripts of their own', () => {
    const source =
      'FROM a\nRUN <<EOF\ncd /x\nEOF\nRUN <<EOF\n#!/usr/bin/env python3\ncd = 1\nEOF\nRUN cat <<EOF\ncd y\nEOF\n';
    const parsed = parseDockerfile(source);
    const names = parsed.instructions.flatMap((run) =>
      run.kind === 'run'
        ? [runScripts(run, parsed).flatMap((s) => s.commands.map(({ name }) => name))]
        : [],
    );
    assert.deepEqual(names, [['cd'], [], ['cat']]);
  });

  test('the script of `sh -c` in exec form is read', () => {
    const parsed = parseDockerfile(
      'FROM a\nRUN ["/bin/bash", "-eo", "pipefail", "-c", "a | sudo b"]\n',
    );
    const run = parsed.instructions[1]!;
    assert.equal(run.kind, 'run');
    if (run.kind !== 'run') return;
    const names = runScripts(run, parsed).flatMap((s) => s.commands.map(({ name }) => name));
    assert.deepEqual(names, ['/bin/bash', 'a', 'sudo']);
  });
});

test('shells', () => {
  const states = [
    [[], 'sh', true, false],
    [['/bin/bash', '-c'], 'bash', true, false],
    [['/bin/bash', '-o', 'pipefail', '-c'], 'bash', true, true],
    [['/bin/ash', '-eo', 'pipefail', '-c'], 'ash', true, true],
    [['/bin/sh', '-o', 'pipefail', '-c'], 'sh', true, false],
    [['/usr/bin/env', 'bash', '-c'], 'bash', true, false],
    [['powershell', '-Command'], 'powershell', false, false],
    [['cmd', '/S', '/C'], 'cmd', false, false],
    [['C:\\Windows\\pwsh.exe'], 'pwsh.exe', false, false],
    [['python3', '-c'], 'python3', false, false],
  ] as const;
  for (const [words, name, isPosix, hasPipefail] of states) {
    assert.deepEqual(shellOf(words), { words, name, isPosix, hasPipefail });
  }
});

describe('hostile text', () => {
  const tokens = [
    'a',
    ' ',
    '"',
    "'",
    '$(',
    ')',
    '`',
    '${',
    '}',
    '((',
    '\\',
    '\n',
    '<<E',
    ';;',
    'case x in ',
    'esac',
    '|',
    '&',
    '#',
    '(',
    '[[',
    '=(',
    '$((',
    '<(',
  ];
  test('any text is read to its end, without an error', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 3000; round++) {
      const parts = Array.from({ length: 30 }, () => random.pick(tokens));
      readScript(parts.join(''), (at) => at);
    }
  });

  for (const token of tokens) {
    test(`200,000 times ${JSON.stringify(token)}`, () => {
      readScript(token.repeat(200_000), (at) => at);
      readScript(`a ${`x${token}`.repeat(100_000)}`, (at) => at);
    });
  }
});
