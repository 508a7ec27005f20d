import type { Checker, CheckerFactory, ObservedReplica, ObservedWorld } from './observer.ts';

type Hook = 'onBoot' | 'onStep' | 'onWritten' | 'onDurable' | 'onCrash' | 'onSent';

/** The checkers of a world. What honest replicas do is passed on to those that want to hear of it. */
export interface Watch extends Required<Pick<Checker, Hook>> {
  /** Once in a while, and when a run ends. */
  tick(): void;
  /** What they have to say, one line each. */
  report(): readonly string[];
}

const NOBODY: readonly Checker[] = [];

/** `fail` is told the checker's name and what is wrong. */
export function createWatch(
  world: ObservedWorld,
  factories: readonly CheckerFactory[],
  isHonest: (index: number) => boolean,
  fail: (checker: string, what: string) => never,
): Watch {
  const checkers = factories.map((factory) => {
    const checker: Checker = factory(world, (what) => fail(checker.name, what));
    return checker;
  });
  const wanting = (hook: Hook): readonly Checker[] =>
    checkers.filter((checker) => checker[hook] !== undefined);
  const listening = {
    onBoot: wanting('onBoot'),
    onStep: wanting('onStep'),
    onWritten: wanting('onWritten'),
    onDurable: wanting('onDurable'),
    onCrash: wanting('onCrash'),
    onSent: wanting('onSent'),
  };
  const of = (hook: Hook, { index }: ObservedReplica): readonly Checker[] =>
    isHonest(index) ? listening[hook] : NOBODY;

  return {
    onBoot(host, recovered) {
      for (const checker of of('onBoot', host)) checker.onBoot?.(host, recovered);
    },
    onStep(host, input, effects) {
      for (const checker of of('onStep', host)) checker.onStep?.(host, input, effects);
    },
    onWritten(host, delta) {
      for (const checker of of('onWritten', host)) checker.onWritten?.(host, delta);
    },
    onDurable(host, delta) {
      for (const checker of of('onDurable', host)) checker.onDurable?.(host, delta);
    },
    onCrash(host) {
      for (const checker of of('onCrash', host)) checker.onCrash?.(host);
    },
    onSent(host, message, recipients) {
      for (const checker of of('onSent', host)) checker.onSent?.(host, message, recipients);
    },
    tick() {
      for (const checker of checkers) checker.onTick?.();
    },
    report() {
      return checkers.flatMap((checker) => {
        const line = checker.report?.();
        return line === undefined ? [] : [`${checker.name}: ${line}`];
      });
    },
  };
}
