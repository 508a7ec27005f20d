import type { BlockEffects } from '../model/app.ts';
import type { Height } from '../model/ids.ts';
import type { AppView } from '../ports/app.ts';
import { type Admission, openClients } from './clients.ts';
import type { ApplyContext, StateMachineDefinition } from './definition.ts';
import { createDraft } from './draft.ts';
import type { Envelope } from './envelope.ts';
import { createValidatorChanges } from './validators-draft.ts';

const NO_RESULT = new Uint8Array(0);

/** The result of a void command; this very array. */
export const VOIDED = new Uint8Array(0);

export type Outcome =
  | { readonly type: 'applied'; readonly result: Uint8Array }
  | { readonly type: Exclude<Admission, 'fresh'> }
  /** The command threw and has no effect. */
  | { readonly type: 'failed'; readonly error: unknown };

/** A block under execution: commands go in one by one, the changes of all come out. */
export interface Execution {
  readonly height: Height;
  apply(envelope: Envelope): Outcome;
  /** What the block changes; ends the execution. */
  finish(): Pick<BlockEffects, 'appStateUpdates' | 'validatorSetUpdates'>;
}

/**
 * Executes the child of `state`'s block. Deterministic: the same commands on the same state give the same outcomes
 * and updates at every replica.
 */
export function beginExecution(
  definition: StateMachineDefinition,
  state: Pick<AppView, 'height' | 'get' | 'validatorSet'>,
): Execution {
  const height = ((state.height ?? -1) + 1) as Height;
  const draft = createDraft(state);
  const clients = openClients(draft, height);
  draft.commit();
  const validators = createValidatorChanges(definition.validatorRules, state);
  const context: ApplyContext = { height, validators: validators.draft };

  function apply(envelope: Envelope): Outcome {
    const admission = clients.admit(envelope);
    if (admission !== 'fresh') return { type: admission };
    if (envelope.isVoid) {
      clients.markUsed(envelope);
      return { type: 'applied', result: VOIDED };
    }
    let result: Uint8Array | undefined;
    try {
      result = definition.apply(envelope.command, draft.user, context);
    } catch (error) {
      draft.rollback();
      validators.rollback();
      return { type: 'failed', error };
    }
    draft.commit();
    validators.commit();
    clients.markUsed(envelope);
    return { type: 'applied', result: result ?? NO_RESULT };
  }
  function finish(): Pick<BlockEffects, 'appStateUpdates' | 'validatorSetUpdates'> {
    clients.flush();
    return { appStateUpdates: draft.updates(), validatorSetUpdates: validators.updates() };
  }
  return { height, apply, finish };
}
