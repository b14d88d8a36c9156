import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerState } from './container.ts';
import { type ContainerEvent, transition } from './transition.ts';

const exit = { code: 3, startedAtMs: 1, finishedAtMs: 2, oomKilled: false };
const states = {
  created: { kind: 'created' },
  running: { kind: 'running', pid: 7, startedAtMs: 1 },
  paused: { kind: 'paused', pid: 7, startedAtMs: 1 },
  restarting: { kind: 'restarting', exit },
  exited: { kind: 'exited', exit },
  removing: { kind: 'removing', exit },
  dead: { kind: 'dead', exit },
} satisfies Record<string, ContainerState>;
type Name = keyof typeof states;

const events: Record<string, ContainerEvent> = {
  started: { kind: 'started', pid: 8, startedAtMs: 5 },
  'start-failed': { kind: 'start-failed', exit },
  exited: { kind: 'exited', exit, willRestart: false },
  'exited to restart': { kind: 'exited', exit, willRestart: true },
  'restart-canceled': { kind: 'restart-canceled' },
  paused: { kind: 'paused' },
  unpaused: { kind: 'unpaused' },
  'removal-begun': { kind: 'removal-begun' },
  'removal-failed': { kind: 'removal-failed' },
};

/** By event: which state leads where; what is not named is refused. */
const allowed: Record<string, Partial<Record<Name, Name>>> = {
  started: { created: 'running', exited: 'running', restarting: 'running' },
  'start-failed': { created: 'created', exited: 'exited', restarting: 'exited' },
  exited: { running: 'exited', paused: 'exited' },
  'exited to restart': { running: 'restarting', paused: 'restarting' },
  'restart-canceled': {
    created: 'created',
    running: 'running',
    paused: 'paused',
    restarting: 'exited',
    exited: 'exited',
    removing: 'removing',
    dead: 'dead',
  },
  paused: { running: 'paused' },
  unpaused: { paused: 'running' },
  'removal-begun': {
    created: 'removing',
    restarting: 'removing',
    exited: 'removing',
    removing: 'removing',
    dead: 'removing',
  },
  'removal-failed': { removing: 'dead' },
};

describe('transition', () => {
  for (const [eventName, event] of Object.entries(events)) {
    for (const stateName of Object.keys(states) as Name[]) {
      const next = allowed[eventName]?.[stateName];
      it(`${stateName} + ${eventName} = ${next ?? 'refused'}`, () => {
        if (next) assert.equal(transition(states[stateName], event).kind, next);
        else assert.throws(() => transition(states[stateName], event), { kind: 'conflict' });
      });
    }
  }

  it('keeps how it ended, and the process over a pause', () => {
    assert.deepEqual(transition(states.exited, { kind: 'removal-begun' }), {
      kind: 'removing',
      exit,
    });
    assert.deepEqual(transition(states.running, { kind: 'paused' }), states.paused);
    assert.deepEqual(transition(states.created, { kind: 'start-failed', exit }), {
      kind: 'created',
      failure: exit,
    });
  });
});
