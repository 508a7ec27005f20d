import { TRACES } from '../../sim/traces/index.ts';
import type { Scenario } from '../scenario.ts';
import * as functions from './functions.ts';
import * as runs from './runs.ts';
import * as shell from './shell.ts';
import * as toldCertificates from './told-certificates.ts';
import * as toldSync from './told-sync.ts';
import * as toldViews from './told-views.ts';
import * as toldVoting from './told-voting.ts';
import * as twins from './twins.ts';
import * as worlds from './worlds.ts';

const list = (module: Readonly<Record<string, Scenario | readonly Scenario[]>>): readonly Scenario[] =>
  Object.values(module).flat();

/** All that catches mutants, the cheapest first. */
export const SCENARIOS: readonly Scenario[] = [
  ...list(toldCertificates),
  ...list(toldVoting),
  ...list(toldViews),
  ...list(toldSync),
  ...list(functions),
  ...list(shell),
  ...list(worlds),
  ...TRACES.map(({ name, run }) => ({ name, run: () => run() })),
  ...list(runs),
  ...list(twins),
];
