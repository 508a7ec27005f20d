import type { TLSSocket } from 'node:tls';
import type { ReplicaId } from '../../model/ids.ts';
import type { Code } from './channels.ts';
import type { Ending } from './events.ts';
import { beginHandshake, type Handshake, type LocalNode } from './handshake.ts';
import { Link, type LinkTraffic } from './link.ts';
import { channelBinding, type Role } from './proof.ts';
import { type Refusal, refusal } from './refusal.ts';

export interface MeetingOptions {
  readonly socket: TLSSocket;
  readonly role: Role;
  readonly node: LocalNode;
  /** The peer whose address was dialed; null at the listener's end. */
  readonly expected: ReplicaId | null;
  readonly timeoutMs: number;
  readonly traffic: LinkTraffic;
  readonly refusalOf: (peer: ReplicaId) => Refusal | null;
  /** Both keys are proved; the link is to be opened. */
  readonly onProved: (peer: ReplicaId, link: Link) => void;
  readonly onFrame: (peer: ReplicaId, code: Code, frame: Uint8Array) => void;
  /** Asked whenever the link holds an incomplete frame: why it must not, if so. */
  readonly onHeld: (peer: ReplicaId) => Refusal | null;
  /** The link is of no more use; `proved` if it was opened, else `peer` is what was claimed or expected. */
  readonly onEnd: (peer: ReplicaId | null, proved: boolean, ending: Ending, link: Link) => void;
  /** The socket is gone as well. */
  readonly onClosed: (link: Link) => void;
}

/** Makes a link of a socket whose TLS handshake is complete, and has both sides prove their validator keys on it. */
export function meet(options: MeetingOptions): Link {
  const { socket, role, expected, timeoutMs } = options;
  let peer = expected;
  let proved: ReplicaId | null = null;
  let handshake: Handshake | null = null;
  const link = new Link({
    socket,
    traffic: options.traffic,
    onHandshake: (message, bytes) => handshake?.receive(message, bytes),
    onFrame: (code, frame) => {
      if (proved !== null) options.onFrame(proved, code, frame);
    },
    onHeld: () => (proved === null ? null : options.onHeld(proved)),
    onEnd: (ending) => {
      clearTimeout(timer);
      handshake?.stop();
      options.onEnd(peer, proved !== null, ending, link);
    },
    onClosed: () => options.onClosed(link),
  });
  const timer = setTimeout(() => {
    link.end(refusal('timeout', `the handshake took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  const binding = channelBinding(socket, role);
  if (binding === null) {
    link.end(refusal('no-certificate', 'both sides must show a TLS certificate in a full handshake'));
    return link;
  }
  handshake = beginHandshake({
    node: options.node,
    role,
    binding,
    expected,
    send: (message) => link.sendControl(message),
    onClaim: (claimed) => {
      peer = expected ?? claimed;
    },
    refusalOf: options.refusalOf,
    onDone: (id) => {
      clearTimeout(timer);
      proved = id;
      options.onProved(id, link);
    },
    onRefused: (reason) => link.end(reason),
  });
  return link;
}
