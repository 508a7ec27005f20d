import { expect } from 'vitest';
import type { Core } from '../../../../src/core/step.ts';
import { GoldenWorld } from '../../../support/golden-world.ts';

/** Runs commands of the golden traces, one a line, and returns what the core answered to all of them. */
export function play(world: GoldenWorld, commands: string): readonly string[] {
  return commands
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap((line) => world.run(line));
}

/** A replica that has entered view 1 by TC(0). `options` are those of the command `world`. */
export function inViewOne(options: string): GoldenWorld {
  const world = new GoldenWorld();
  play(
    world,
    `world ${options}
     start
     advance from=r1 with=TC(0)
     certified`,
  );
  expect(world.status.view).toBe(1);
  return world;
}

/**
 * Leads a follower through views `from` to `to`: the leader of view v (leaders change every view) proposes Bv on
 * PC(v - 1, Bv-1), the app finds it valid. The replica must lead none of these views.
 */
export function follow(world: GoldenWorld, n: number, from: number, to: number): void {
  for (let view = from; view <= to; view++) {
    const justify = view === 1 ? 'genesis' : `PC(${view - 1},B${view - 1})`;
    const effects = world.run(`proposal from=r${view % n} view=${view} block=B${view} on=${justify}`);
    if (effects.some((effect) => effect.startsWith('verify'))) world.run('certified');
    world.run('valid');
  }
}

/** A listener that has followed `views` views of four validators; it votes for nothing and leads nothing. */
export function listener(views: number): GoldenWorld {
  const world = inViewOne('n=4 me=r9 tenure=1');
  follow(world, 4, 1, views);
  return world;
}

/** What commits the update of `beforeCommit`: r0 leads view 4 and shows its Commit certificate. */
export const COMMIT = `
  nudge from=r0 view=4 justify=PC(3,U,commit)
  certified`;

/**
 * A replica that has seen U, which updates a set of four validators: proposed in view 1, and nudged through Prepare and
 * Precommit. Leaders change every view.
 */
export function beforeCommit(me: string, update = '+r4'): GoldenWorld {
  const world = inViewOne(`n=4 me=${me} tenure=1`);
  play(
    world,
    `proposal from=r1 view=1 block=U on=genesis
     valid update=${update}
     nudge from=r2 view=2 justify=PC(1,U,prepare)
     certified
     nudge from=r3 view=3 justify=PC(2,U,precommit)
     certified`,
  );
  return world;
}

/** The same when U is committed, in view 4, and not decided. */
export function afterUpdate(me: string, update = '+r4'): GoldenWorld {
  const world = beforeCommit(me, update);
  play(world, COMMIT);
  expect(world.status.validatorSets.decided).toBe(false);
  return world;
}

/** The same when the new set has decided U, and r0, its leader of view 5, has proposed V on it. */
export function afterDecision(me: string): GoldenWorld {
  const world = afterUpdate(me);
  play(
    world,
    `proposal from=r0 view=5 block=V on=PC(4,U,decide)/5:0.1.2.3
     certified
     valid`,
  );
  expect(world.status.validatorSets.decided).toBe(true);
  return world;
}

export const sends = (effects: readonly string[], what = ''): readonly string[] =>
  effects.filter((effect) => effect.startsWith(`send ${what}`));

/** What was written and how urgently, without tickets: `now: voted 3`. */
export const writes = (effects: readonly string[]): readonly string[] =>
  effects.filter((effect) => effect.startsWith('write')).map((effect) => effect.replace(/^write #\d+ /, ''));

export const rejections = (effects: readonly string[]): readonly string[] =>
  effects.filter((effect) => effect.startsWith('reject'));

export const commits = (effects: readonly string[]): readonly string[] =>
  effects.filter((effect) => effect.startsWith('COMMIT'));

/** View, phase and block name of what a replica is locked on, and of the highest certificate. */
export function certificatesOf(
  world: GoldenWorld,
  names: readonly string[],
): {
  readonly locked: string;
  readonly highest: string;
} {
  const show = ({ pc }: Core['lockedPc']): string => {
    const name = names.find((candidate) => world.hashOf(candidate) === pc.block) ?? 'genesis';
    return `${pc.view} ${name} ${pc.phase}`;
  };
  return { locked: show(world.core.lockedPc), highest: show(world.core.highestPc) };
}
