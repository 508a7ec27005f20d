/** What `GET /status` answers, as far as the command's other parts read it. */
export interface NodeStatus {
  readonly id: string;
  readonly scheme: string;
  readonly role: string;
  readonly view: number;
  readonly height: number | null;
  readonly blockHash: string | null;
  readonly appStateHash: string;
  readonly isValidator: boolean;
  readonly peers: readonly string[];
  readonly counters: {
    readonly views: number;
    readonly flushes: number;
    readonly messagesSent: number;
    readonly commandsCommitted: number;
  };
  readonly commands: { readonly pending: number; readonly forwarded: number };
  readonly divergence: object | null;
  readonly process: { readonly cpuSeconds: number; readonly uptimeSeconds: number };
}

/** What `GET /blocks/:height` answers. */
export interface BlockStatus {
  readonly height: number;
  readonly blockHash: string;
  readonly appStateHash: string;
}
