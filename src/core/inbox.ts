import type { ReplicaId, View } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';

export interface InboxEntry {
  readonly from: ReplicaId;
  /** The view in which the message is to be handled: for a NewView the one after its own. */
  readonly view: View;
  readonly message: Message;
  readonly bytes: number;
}

/** Messages of later views, kept until that view is entered, bounded in views and in bytes per peer (R19). */
export interface Inbox {
  readonly views: Map<View, InboxEntry[]>;
  readonly perPeer: Map<ReplicaId, { bytes: number; messages: number }>;
  bytes: number;
}

/** Bytes of later views kept per peer: a proposal of the largest default block and the votes of some epochs. */
export const INBOX_BYTES_PER_PEER = 8 * 1024 * 1024;
/** Messages of later views kept per peer: a few kinds for each view of the window. */
export const INBOX_MESSAGES_PER_PEER = 1_024;
/** Epochs ahead that are listened to: beyond, certificates and sync bring a replica near first. */
export const INBOX_EPOCHS = 4;

export const emptyInbox = (): Inbox => ({ views: new Map(), perPeer: new Map(), bytes: 0 });

const NOTHING: readonly InboxEntry[] = [];

/** Keeps a message; false when its sender's quota is used up. */
export function buffer(inbox: Inbox, entry: InboxEntry): boolean {
  const used = inbox.perPeer.get(entry.from) ?? { bytes: 0, messages: 0 };
  if (used.bytes + entry.bytes > INBOX_BYTES_PER_PEER || used.messages >= INBOX_MESSAGES_PER_PEER)
    return false;
  inbox.perPeer.set(entry.from, { bytes: used.bytes + entry.bytes, messages: used.messages + 1 });
  inbox.bytes += entry.bytes;
  const sameView = inbox.views.get(entry.view);
  if (sameView === undefined) inbox.views.set(entry.view, [entry]);
  else sameView.push(entry);
  return true;
}

/** Removes and returns the messages of `view`, and forgets those of earlier views. */
export function takeView(inbox: Inbox, view: View): readonly InboxEntry[] {
  if (inbox.views.size === 0) return NOTHING;
  const taken = inbox.views.get(view) ?? NOTHING;
  for (const [at, entries] of inbox.views) {
    if (at > view) continue;
    inbox.views.delete(at);
    for (const { from, bytes } of entries) release(inbox, from, bytes);
  }
  return taken;
}

function release(inbox: Inbox, from: ReplicaId, bytes: number): void {
  inbox.bytes -= bytes;
  const used = inbox.perPeer.get(from);
  if (used === undefined) return;
  used.bytes -= bytes;
  used.messages -= 1;
  if (used.messages === 0) inbox.perPeer.delete(from);
}
