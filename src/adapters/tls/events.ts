import type { ReplicaId } from '../../model/ids.ts';
import type { Channel } from '../../ports/network.ts';
import type { RefusalCode } from './refusal.ts';

/** Why a connection ended or never began, and which side said so. */
export interface Ending {
  readonly by: 'us' | 'peer';
  readonly code: RefusalCode;
  readonly detail: string;
}

/** What a TLS network tells its host. Addresses are `host:port`. */
export type TlsNetworkEvent =
  | {
      readonly type: 'peer-connected';
      readonly peer: ReplicaId;
      readonly address: string;
      /** Whether we dialed it, rather than it us. */
      readonly dialed: boolean;
    }
  | ({ readonly type: 'peer-disconnected'; readonly peer: ReplicaId; readonly address: string } & Ending)
  /** Ended before both sides had proved their keys; `peer` is null where not even a claim is known. */
  | ({ readonly type: 'peer-refused'; readonly peer: ReplicaId | null; readonly address: string } & Ending)
  /** No TLS connection came about. */
  | {
      readonly type: 'dial-failed';
      readonly peer: ReplicaId;
      readonly address: string;
      /** Failures in a row, this one included. */
      readonly attempt: number;
      readonly detail: string;
    }
  /** Our own frame exceeds what a peer would accept: it was dropped. */
  | {
      readonly type: 'frame-too-large';
      readonly channel: Channel;
      readonly bytes: number;
      readonly maxBytes: number;
    }
  /** The listening socket failed while running; connections go on. */
  | { readonly type: 'listener-failed'; readonly error: Error };
