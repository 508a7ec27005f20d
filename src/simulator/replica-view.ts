import type { CoreStatus } from '../core/state.ts';
import type { Block } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import { asView, type BlockHash, type Height, type ReplicaId, type View } from '../model/ids.ts';
import type { Host } from './host.ts';

/** A replica as scenarios and users see it: reads only. */
export interface ReplicaView {
  readonly index: number;
  readonly id: ReplicaId;
  readonly isUp: boolean;
  readonly isHonest: boolean;
  /** How often it was started. */
  readonly life: number;
  /** View it is in; while it is down, the last one it entered. */
  readonly view: View;
  /** Height of its highest committed block; -1 while there is none. */
  readonly height: number;
  /** Of its core; null while it is down. */
  readonly status: CoreStatus | null;
  /** Of everything that peers can make grow in its core, by name; null while it is down. */
  readonly sizes: Readonly<Record<string, number>> | null;
  readonly lockedPc: PhaseCertificate;
  readonly highestPc: PhaseCertificate;
  /** Hash of its committed block at a height; null when it has none. */
  committedAt(height: Height | number): BlockHash | null;
  block(hash: BlockHash): Block | null;
  /** A value of its committed app state, by key. */
  get(key: string): string | null;
}

/** What a view of a replica shows beside its host. */
export interface ViewSources {
  readonly isHonest: boolean;
  view(): number;
  height(): number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function createReplicaView(host: Host, sources: ViewSources): ReplicaView {
  return {
    index: host.index,
    id: host.id,
    isHonest: sources.isHonest,
    get isUp() {
      return host.isUp;
    },
    get life() {
      return host.life;
    },
    get view() {
      return asView(sources.view());
    },
    get height() {
      return sources.height();
    },
    get status() {
      return host.status;
    },
    get sizes() {
      return host.sizes;
    },
    get lockedPc() {
      return host.lockedPc;
    },
    get highestPc() {
      return host.highestPc;
    },
    committedAt: (height) => host.contents.committedHash(height),
    block: (hash) => host.block(hash),
    get(key) {
      const value = host.contents.appState(encoder.encode(key));
      return value === null ? null : decoder.decode(value);
    },
  };
}
