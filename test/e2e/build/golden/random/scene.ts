import type { SeededRandom } from '../../../../../src/dockerfile/seeded-random.ts';

/** What the instructions of a Dockerfile may refer to. */
export interface Scene {
  readonly random: SeededRandom;
  readonly paths: readonly string[];
  readonly token: string;
  readonly stages: string[];
  readonly contexts: readonly string[];
  runs: number;
  word(depth?: number): string;
  chance(of: number): boolean;
}

export type Maker = (scene: Scene) => string;
