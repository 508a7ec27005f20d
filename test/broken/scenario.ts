/**
 * What catches mutants: a directed trace, an assertion about one function, or a seeded run that the simulator's
 * checkers watch. Throws when something is wrong; passes with the library as it is.
 */
export interface Scenario {
  /** `id: what happens`; a seed, where there is one, is part of the id. */
  readonly name: string;
  run(): void | Promise<void>;
}

export const idOf = ({ name }: Pick<Scenario, 'name'>): string => name.split(':', 1)[0] as string;
