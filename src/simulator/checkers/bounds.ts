import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { Message } from '../../model/messages.ts';
import type { CheckerFactory, ObservedReplica } from '../observer.ts';

/**
 * Messages that one replica may send in one view, per peer: its proposal or nudge, votes to two leaders, NewViews to
 * all when astray (R30), at most four AdvanceViews (R19), TimeoutVotes of its own and in answer (R14),
 * advertisements, a sync request and a response; once more for what a long epoch-change view repeats.
 */
const MESSAGES_PER_PEER_AND_VIEW = 24;

/**
 * What peers can make grow in a core is bounded. The tree may hold what was inserted since the last commit; its
 * bound, and that of the rest, is far below what an unbounded structure reaches in a run.
 */
const MAX_ENTRIES = 4_096;
const MAX_INBOX_BYTES_PER_PEER = 8 * 1024 * 1024;

/** Boundedness: messages per view are linear in n, and nothing that peers can feed grows without limit (R19). */
export const bounds: CheckerFactory = (world, fail) => {
  const sent = new Map<number, number>();
  const viewTimesInView = new Map<number, number>();

  const checkSizes = ({ index, sizes }: ObservedReplica): void => {
    for (const [what, size] of Object.entries(sizes ?? {})) {
      const bound = what.endsWith('Bytes') ? MAX_INBOX_BYTES_PER_PEER * world.honest.length : MAX_ENTRIES;
      if (size > bound) fail(`r${index} holds ${size} ${what}`);
    }
  };

  return {
    name: 'bounds',
    onBoot: ({ index }) => void sent.set(index, 0),
    onWritten({ index }: ObservedReplica, { entry }: TreeDelta) {
      if (entry === undefined) return;
      sent.set(index, 0);
      viewTimesInView.set(index, 0);
    },
    onSent({ index }: ObservedReplica, message: Message, recipients: number) {
      if (message.type === 'block-sync-response') return;
      const count = (sent.get(index) ?? 0) + recipients;
      sent.set(index, count);
      const peers = world.honest.length + 1;
      // In an epoch-change view a replica repeats itself once per view time.
      const allowed = MESSAGES_PER_PEER_AND_VIEW * peers * (1 + (viewTimesInView.get(index) ?? 0));
      if (count > allowed) fail(`r${index} sent ${count} messages in one view, the last a ${message.type}`);
    },
    onTick() {
      for (const [index, times] of viewTimesInView) viewTimesInView.set(index, times + 1);
      for (const replica of world.honest) if (replica.isUp) checkSizes(replica);
    },
  };
};
