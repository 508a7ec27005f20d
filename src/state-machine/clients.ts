import { latin1 } from '../codec/bytes.ts';
import {
  type ClientWindow,
  decodeWindow,
  emptyWindow,
  encodeWindow,
  isUsed,
  markUsed,
} from './client-window.ts';
import type { Draft } from './draft.ts';
import { libraryKey } from './draft.ts';
import { CLIENT_ID_BYTES, type Envelope } from './envelope.ts';

/**
 * A command may take effect in blocks up to its `notAfter`, at most so many above the block that carries it; and a
 * client is remembered for so many blocks after its last command. Equal by design: when a client is forgotten, none
 * of its commands can take effect again. More blocks would keep idle clients longer in the state; fewer would make a
 * node that is far behind submit commands that expire on their way. The same at every replica.
 */
export const COMMAND_LIFETIME_BLOCKS = 65_536;

const CLIENT_RECORD = 0x63;
const ACTIVITY_RECORD = 0x68;

/** Why a command has no effect, or that it may have one. */
export type Admission = 'fresh' | 'duplicate' | 'expired';

/**
 * Which commands have taken effect: the part of the state that makes each take effect once, whoever submits or
 * proposes it again. Bound to one block under execution.
 */
export interface ClientTable {
  admit(envelope: Envelope): Admission;
  /** Records that an admitted command takes effect. */
  markUsed(envelope: Envelope): void;
  /** Writes what has changed into the draft; called once, when all commands of the block are through. */
  flush(): void;
}

interface TouchedClient {
  readonly id: Uint8Array;
  readonly window: ClientWindow;
  used: boolean;
}

/**
 * Opens the table for the block at `height` and forgets the clients whose time is over: those whose last command was
 * in the block `COMMAND_LIFETIME_BLOCKS` + 1 before, found by that block's record of its clients. The work is bounded
 * by the number of commands in that block.
 */
export function openClients(draft: Draft, height: number): ClientTable {
  const touched = new Map<string, TouchedClient>();
  /** A command is admitted and then marked, and the next one is often of the same client. */
  let latest: TouchedClient | null = null;
  /** In the order of their first effect: looking a client up for a command without effect must leave no trace. */
  const active: { readonly id: Uint8Array; readonly window: ClientWindow }[] = [];
  forgetIdleClients(draft, height);

  function lookUp(id: Uint8Array): TouchedClient {
    if (latest?.id === id) return latest;
    const name = latin1(id);
    latest = touched.get(name) ?? null;
    if (latest !== null) return latest;
    const stored = draft.get(clientKey(id));
    latest = { id, window: stored === null ? emptyWindow() : decodeWindow(stored), used: false };
    touched.set(name, latest);
    return latest;
  }
  return {
    admit({ clientId, sequence, notAfter }) {
      if (notAfter < height || notAfter > height + COMMAND_LIFETIME_BLOCKS) return 'expired';
      return isUsed(lookUp(clientId).window, sequence) ? 'duplicate' : 'fresh';
    },
    markUsed({ clientId, sequence }) {
      const entry = lookUp(clientId);
      markUsed(entry.window, sequence);
      if (!entry.used) active.push(entry);
      entry.used = true;
    },
    flush() {
      if (active.length === 0) return;
      for (const { id, window } of active) {
        window.lastHeight = height;
        draft.put(clientKey(id), encodeWindow(window));
      }
      draft.put(activityKey(height), Buffer.concat(active.map(({ id }) => id)));
    },
  };
}

function forgetIdleClients(draft: Draft, height: number): void {
  const past = height - COMMAND_LIFETIME_BLOCKS - 1;
  if (past < 0) return;
  const clients = draft.get(activityKey(past));
  if (clients === null) return;
  // A copy: reading the windows may invalidate what was read before.
  const ids = clients.slice();
  for (let at = 0; at < ids.length; at += CLIENT_ID_BYTES) {
    const key = clientKey(ids.subarray(at, at + CLIENT_ID_BYTES));
    const stored = draft.get(key);
    if (stored !== null && decodeWindow(stored).lastHeight === past) draft.put(key, null);
  }
  draft.put(activityKey(past), null);
}

/** Whether the command has taken effect in `state`, as far as the state remembers. */
export function hasTakenEffect(
  state: { get(key: Uint8Array): Uint8Array | null },
  { clientId, sequence }: Pick<Envelope, 'clientId' | 'sequence'>,
): boolean {
  const stored = state.get(clientKey(clientId));
  return stored !== null && isUsed(decodeWindow(stored), sequence);
}

function clientKey(id: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + CLIENT_ID_BYTES);
  key[0] = CLIENT_RECORD;
  key.set(id, 1);
  return libraryKey(key);
}

function activityKey(height: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = ACTIVITY_RECORD;
  new DataView(key.buffer).setBigUint64(1, BigInt(height));
  return libraryKey(key);
}
