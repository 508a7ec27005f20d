import type { UpdateJson } from './json.ts';

interface ValidatorJson {
  readonly id: string;
  readonly power: number;
}

/** What `GET /validators` answers. */
export interface ValidatorsStatus {
  /** Of the next update. */
  readonly number: number;
  readonly totalPower: number;
  readonly quorum: number;
  readonly validators: readonly (ValidatorJson & {
    /** Where this node dials it; null when it does not know. */
    readonly address: string | null;
    readonly connected: boolean;
  })[];
  /** Height of the block of the latest update; null while there was none. */
  readonly updateHeight: number | null;
  /** Whether that update is decided: the previous set is retired. */
  readonly decided: boolean;
  readonly previous: readonly ValidatorJson[];
  /** Updates that wait for more approvals. */
  readonly proposals: readonly (UpdateJson & {
    readonly approvedBy: readonly string[];
    readonly approvedPower: number;
  })[];
  /** The node that answers, and what others need to take it into the set. */
  readonly self: {
    readonly id: string;
    readonly scheme: string;
    readonly possession: string | null;
    readonly isValidator: boolean;
  };
  /** Of all nodes that it knows, itself included, by id. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** What `POST /validators` and `DELETE /validators` answer. */
export interface ApprovalAnswer {
  readonly status: 'applied' | 'approved' | 'withdrawn';
  /** Of the update. */
  readonly number: number;
  /** Of the block that carries the approval; absent when it stood already. */
  readonly height?: number;
  readonly blockHash?: string;
  readonly approvedBy: readonly string[];
  readonly approvedPower: number;
  /** The set as it is now, on this node. */
  readonly totalPower: number;
  readonly quorum: number;
  readonly validators: readonly ValidatorJson[];
}
