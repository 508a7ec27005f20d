/** Replicated commands with results, on top of the `App` of `hotstuff-ts`. */

export { type Divergence, describeDivergence } from './app.ts';
export type { Approval, ProposedUpdate } from './approval-codec.ts';
export {
  type ApprovalOptions,
  type ApprovalOutcome,
  type Approvals,
  createApprovals,
  type OpenProposals,
} from './approvals.ts';
export {
  type ApplyContext,
  DEFAULT_STATE_MACHINE_SETTINGS,
  MAX_KEY_BYTES,
  type StateDraft,
  type StateMachineDefinition,
  type StateMachineSettings,
  type ValidatorRules,
  type ValidatorsDraft,
} from './definition.ts';
export {
  ApprovalError,
  type ApprovalErrorCode,
  CommandError,
  type CommandErrorCode,
  PoolFullError,
  ValidatorUpdateError,
  type ValidatorUpdateErrorCode,
} from './errors.ts';
export { createStateMachine, type StateMachine, type StateMachineOptions } from './machine.ts';
export type { CommandAnswer } from './pool.ts';
export type { CommittedState, ReplicaHandle } from './replica-handle.ts';
export type { CommandService, ReadResult, StateMachineStatus } from './service.ts';
export { checkValidatorUpdates } from './validators-draft.ts';
