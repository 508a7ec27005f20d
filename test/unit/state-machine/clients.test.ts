import { describe, expect, it } from 'vitest';
import { SEQUENCE_WINDOW } from '../../../src/state-machine/client-window.ts';
import { COMMAND_LIFETIME_BLOCKS, openClients } from '../../../src/state-machine/clients.ts';
import { createDraft } from '../../../src/state-machine/draft.ts';
import type { Envelope } from '../../../src/state-machine/envelope.ts';

const NO_BYTES = new Uint8Array(0);
const client = (name: number) => new Uint8Array(16).fill(name);
const command = (name: number, sequence: number, notAfter: number): Envelope => ({
  clientId: client(name),
  sequence,
  notAfter,
  isVoid: false,
  command: NO_BYTES,
});

/** Commands block by block on a state of their own. */
function createChain() {
  const state = new Map<string, Uint8Array>();
  const read = (key: Uint8Array) => state.get(Buffer.from(key).toString('hex')) ?? null;
  return {
    state,
    /** Executes one block; returns what was said to each command. */
    execute(height: number, commands: readonly Envelope[]) {
      const draft = createDraft({ get: read });
      const clients = openClients(draft, height);
      const admissions = commands.map((envelope) => {
        const admission = clients.admit(envelope);
        if (admission === 'fresh') clients.markUsed(envelope);
        return admission;
      });
      clients.flush();
      const { sets, deletes } = draft.updates();
      for (const [key, value] of sets) state.set(Buffer.from(key).toString('hex'), value);
      for (const key of deletes) state.delete(Buffer.from(key).toString('hex'));
      return admissions;
    },
  };
}

describe('the client table', () => {
  it('admits each sequence once, in any order, within and across blocks', () => {
    const chain = createChain();
    expect(chain.execute(0, [command(1, 5, 9), command(1, 3, 9), command(1, 5, 9)])).toEqual([
      'fresh',
      'fresh',
      'duplicate',
    ]);
    expect(chain.execute(1, [command(1, 3, 9), command(1, 4, 9), command(2, 5, 9)])).toEqual([
      'duplicate',
      'fresh',
      'fresh',
    ]);
  });

  it('leaves no trace of commands without effect: a leader looks at more than its block carries', () => {
    const [leader, follower] = [createChain(), createChain()];
    for (const chain of [leader, follower]) chain.execute(0, [command(1, 0, 9), command(2, 0, 9)]);
    // The leader's pool still holds command 0 of client 1; the block carries the fresh ones alone.
    leader.execute(1, [command(1, 0, 9), command(2, 1, 9), command(1, 1, 9)]);
    follower.execute(1, [command(2, 1, 9), command(1, 1, 9)]);
    expect(leader.state).toEqual(follower.state);
  });

  it('takes what lies a window below the highest sequence for used', () => {
    const chain = createChain();
    const far = SEQUENCE_WINDOW + 800;
    expect(chain.execute(0, [command(1, far, 9)])).toEqual(['fresh']);
    expect(chain.execute(1, [command(1, 800, 9), command(1, 801 + 8, 9)])).toEqual(['duplicate', 'fresh']);
  });

  it('admits a command up to its last height, and none whose last height is out of reach', () => {
    const chain = createChain();
    expect(chain.execute(10, [command(1, 0, 9), command(1, 1, 10)])).toEqual(['expired', 'fresh']);
    const limit = 10 + COMMAND_LIFETIME_BLOCKS;
    expect(chain.execute(10, [command(1, 2, limit + 1), command(1, 3, limit)])).toEqual(['expired', 'fresh']);
  });

  it('forgets a client once none of its commands can take effect again', () => {
    const chain = createChain();
    const last = 7 + COMMAND_LIFETIME_BLOCKS;
    expect(chain.execute(7, [command(1, 0, last), command(2, 0, 9)])).toEqual(['fresh', 'fresh']);
    expect(chain.execute(8, [command(2, 1, 9)])).toEqual(['fresh']);
    expect(chain.execute(last, [command(1, 0, last)])).toEqual(['duplicate']);
    const before = chain.state.size;
    expect(chain.execute(last + 1, [command(1, 0, last)])).toEqual(['expired']);
    // The record of client 1 and the list of height 7; client 2 was active later.
    expect(chain.state.size).toBe(before - 2);
    chain.execute(last + 2, []);
    expect(chain.state.size).toBe(0);
  });

  it('keeps nothing of a block without commands', () => {
    const chain = createChain();
    chain.execute(0, []);
    chain.execute(1, [command(1, 0, 0)]);
    expect(chain.state.size).toBe(0);
  });
});
