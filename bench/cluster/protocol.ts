import type { Workers } from '../../src/adapters/piscina/index.ts';
import type { TlsIdentity } from '../../src/adapters/tls/index.ts';
import type { GenesisJson } from '../../src/codec/genesis-json.ts';

// What the benchmark and the nodes that it starts say to each other over the channel of `child_process.fork`.

export interface NodeOptions {
  /** As `genesisToJson` gives it. */
  readonly genesis: GenesisJson;
  /** Hex. */
  readonly secretKey: string;
  readonly identity: TlsIdentity;
  readonly listen: string;
  readonly peers: Readonly<Record<string, string>>;
  /** A directory for LMDB; null keeps everything in memory and flushes nothing. */
  readonly data: string | null;
  readonly workers: Workers;
  /** Commands in a block at most; null: an app without commands, whose blocks are always empty. */
  readonly blockCommands: number | null;
  readonly clients: number;
  readonly http: boolean;
}

export type ToNode =
  | { readonly type: 'start'; readonly options: NodeOptions }
  /** Submits commands in the node's process. */
  | { readonly type: 'start-load'; readonly clients: number; readonly valueBytes: number }
  | { readonly type: 'stop-load' }
  /** Asks for `reading`; the delays of the event loop are counted anew from then on. */
  | { readonly type: 'read' }
  /** Asks for `state`: the hash of the app's state at `height`. */
  | { readonly type: 'state'; readonly height: number }
  | { readonly type: 'stop' };

/** What a node has done since it started. */
export interface Reading {
  readonly type: 'reading';
  readonly height: number;
  readonly views: number;
  /** By this node's own load. */
  readonly committed: number;
  readonly failed: number;
  /** As `Histogram.counts` gives it, of this node's own load. */
  readonly latency: readonly number[];
  readonly cpuSeconds: number;
  /** 99th percentile since the last reading, in milliseconds. */
  readonly eventLoopDelayMs: number;
}

export type FromNode =
  | { readonly type: 'ready'; readonly url: string | null }
  | Reading
  | { readonly type: 'state'; readonly hash: string | null }
  | { readonly type: 'load-stopped' };
