import type { Checker, CheckerFactory, ObservedWorld } from './observer.ts';

type Hook = 'onBoot' | 'onStep' | 'onWritten' | 'onDurable' | 'onCrash' | 'onSent';

/** The checkers of a world. What honest replicas do is passed on to those that want to hear of it. */
export interface Watch extends Required<Pick<Checker, Hook>> {
  /** Once in a while, and when a run ends. */
  tick(): void;
  /** What they have to say, one line each. */
  report(): readonly string[];
}

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
  /** What is to be called, bound once: checkers differ in shape, which would make every call a search. */
  const wanting = <Name extends Hook>(hook: Name): NonNullable<Checker[Name]>[] =>
    checkers.flatMap((checker) => {
      const call = checker[hook];
      return call === undefined ? [] : [call.bind(checker) as NonNullable<Checker[Name]>];
    });
  const booted = wanting('onBoot');
  const stepped = wanting('onStep');
  const wrote = wanting('onWritten');
  const durable = wanting('onDurable');
  const crashed = wanting('onCrash');
  const sent = wanting('onSent');

  return {
    onBoot(host, recovered) {
      if (isHonest(host.index)) for (const call of booted) call(host, recovered);
    },
    onStep(host, input, effects) {
      if (isHonest(host.index)) for (const call of stepped) call(host, input, effects);
    },
    onWritten(host, delta) {
      if (isHonest(host.index)) for (const call of wrote) call(host, delta);
    },
    onDurable(host, delta) {
      if (isHonest(host.index)) for (const call of durable) call(host, delta);
    },
    onCrash(host) {
      if (isHonest(host.index)) for (const call of crashed) call(host);
    },
    onSent(host, message, recipients) {
      if (isHonest(host.index)) for (const call of sent) call(host, message, recipients);
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
