import type { SeededRandom } from '../../../../../src/dockerfile/seeded-random.ts';
import { copyOrAdd, inlineFile } from './random-copy.ts';
import {
  argument,
  command,
  directory,
  environment,
  exposed,
  health,
  label,
  maintainer,
  shell,
  stopSignal,
  user,
  volume,
} from './random-metadata.ts';
import { run } from './random-run.ts';
import { randomWord } from './random-words.ts';
import type { Maker, Scene } from './scene.ts';

export interface SceneOptions {
  readonly paths: readonly string[];
  readonly contexts: readonly string[];
}

/** A Dockerfile that mostly builds; seldom with commands, which cost most. */
export function randomDockerfile(random: SeededRandom, options: SceneOptions): string {
  const chance = (of: number) => random.next() < of;
  const token = chance(0.1) ? '`' : '\\';
  const word = (depth?: number) => randomWord(random, token, depth);
  const scene: Scene = {
    ...options,
    random,
    token,
    stages: [],
    runs: chance(0.3) ? 1 : 0,
    word,
    chance,
  };
  const lines: string[] = [];
  if (token === '`') lines.push(random.pick(['# escape=`', '#escape=`', '# Escape = `']));
  if (chance(0.06))
    lines.push(
      random.pick([
        '# check=skip=all',
        '# check=skip=UndefinedVar;experimental=all',
        '# hello',
        '#',
      ]),
    );
  for (let left = random.pick([0, 0, 1, 2]); left > 0; left--) lines.push(argument(scene));
  const stages = random.pick([1, 1, 1, 2, 2, 3]);
  for (let at = 0; at < stages; at++) lines.push(...stage(scene, at));
  const newline = chance(0.05) ? '\r\n' : '\n';
  return `${chance(0.02) ? '\ufeff' : ''}${lines.join(newline)}${chance(0.9) ? newline : ''}`;
}

function stage(scene: Scene, at: number): string[] {
  const { random, chance, stages } = scene;
  const bases = [
    'base',
    'base',
    'base',
    'scratch',
    'furnished',
    'furnished',
    'configured',
    'triggers',
  ];
  const base = chance(0.05) ? '${A:-base}' : random.pick([...bases, ...stages, ...stages]);
  const platform = chance(0.08)
    ? `--platform=${random.pick(['$BUILDPLATFORM', 'linux/amd64', '${TARGETPLATFORM}', '$TARGETOS/$TARGETARCH'])} `
    : '';
  const name = chance(0.6)
    ? ` ${random.pick(['AS', 'as', 'As'])} ${random.pick(['s', 'st', 'Build', 'x-1', 'a.b'])}${at}`
    : '';
  const lines = [`FROM ${platform}${base}${name}`];
  for (let left = 2 + Math.floor(random.next() * 6); left > 0; left--) {
    const made = instruction(scene);
    lines.push(chance(0.06) ? recased(random, made) : made);
    if (chance(0.04)) lines.push(random.pick(['', '  # comment', '#', '   ']));
  }
  if (name !== '') stages.push(name.split(' ').at(-1)!.toLowerCase());
  return lines;
}

function recased(random: SeededRandom, line: string): string {
  const [word = ''] = /^\w+/.exec(line) ?? [];
  return (
    random.pick([word.toLowerCase(), word.slice(0, 1) + word.slice(1).toLowerCase()]) +
    line.slice(word.length)
  );
}

function instruction(scene: Scene): string {
  const { random } = scene;
  return random.pick(makers)(scene);
}

function trigger(scene: Scene): string {
  const made = instruction(scene);
  return made.startsWith('ONBUILD') ? 'ONBUILD ENV T=$A' : `ONBUILD ${made}`;
}

const makers: readonly Maker[] = [
  ...[environment, environment, environment, argument, argument, label, directory, directory, user],
  ...[exposed, volume, stopSignal, command, command, shell, health, trigger, maintainer],
  ...[
    copyOrAdd,
    copyOrAdd,
    copyOrAdd,
    copyOrAdd,
    copyOrAdd,
    copyOrAdd,
    copyOrAdd,
    inlineFile,
    inlineFile,
    run,
    run,
  ],
];
