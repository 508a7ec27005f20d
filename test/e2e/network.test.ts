import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeys, type KeyPair } from '../../src/adapters/native/index.ts';
import { bytesToHex } from '../../src/model/hex.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import type { PeerReport, PeerRequest, PeerSettings } from './network-peer.ts';

const SCRIPT = fileURLToPath(new URL('./network-peer.ts', import.meta.url));
const TIMING = { heartbeatMs: 200, idleTimeoutMs: 1_500, retryMaxMs: 300, patienceMs: 500 };

/** A node in a process of its own. */
interface PeerProcess {
  readonly keys: KeyPair;
  readonly child: ChildProcess;
  readonly reports: PeerReport[];
  readonly address: string;
  ask(request: PeerRequest): void;
}

let children: ChildProcess[];
beforeEach(() => {
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
});

describe.each<SchemeName>(['ed25519', 'bls12381'])('three processes with %s keys', (scheme) => {
  it('find each other again after kill -9 and restart', async () => {
    const peers = await startMesh(scheme, 3);
    for (const victim of [0, 2]) {
      const gone = peers[victim] as PeerProcess;
      const others = peers.filter((peer) => peer !== gone);
      const exited = once(gone.child, 'exit');
      gone.child.kill('SIGKILL');
      await exited;
      for (const other of others) await reported(other, 'disconnected', gone.keys.id, 1);
      await say(others[0] as PeerProcess, others[1] as PeerProcess, `without ${victim}`);
      const back = await start(scheme, gone.keys, gone.address);
      back.ask({ type: 'peers', peers: addresses(peers) });
      for (const other of others) {
        await reported(back, 'connected', other.keys.id, 1);
        await say(back, other, `back ${victim}`);
        await say(other, back, `welcome ${victim}`);
      }
      peers[victim] = back;
    }
  });

  it('notice that one stands still, and take it back when it goes on', async () => {
    const peers = await startMesh(scheme, 3);
    const [a, frozen, c] = peers as [PeerProcess, PeerProcess, PeerProcess];
    frozen.child.kill('SIGSTOP');
    for (const other of [a, c]) {
      const report = await reported(other, 'disconnected', frozen.keys.id, 1);
      expect(report).toMatchObject({ why: 'silent' });
    }
    await say(a, c, 'without it');
    frozen.child.kill('SIGCONT');
    for (const other of [a, c]) {
      await reported(other, 'connected', frozen.keys.id, 2);
      await say(other, frozen, 'welcome back');
      await say(frozen, other, 'thanks');
    }
  });

  it('say so when they leave in good order', async () => {
    const [a, b, c] = (await startMesh(scheme, 3)) as [PeerProcess, PeerProcess, PeerProcess];
    const exited = once(b.child, 'exit');
    b.ask({ type: 'close' });
    expect(await exited).toEqual([0, null]);
    expect(b.reports.at(-1)).toEqual({ type: 'closed' });
    for (const other of [a, c]) {
      expect(await reported(other, 'disconnected', b.keys.id, 1)).toMatchObject({ why: 'shutting-down' });
    }
  });
});

async function startMesh(scheme: SchemeName, count: number): Promise<PeerProcess[]> {
  const keys = Array.from({ length: count }, () => generateKeys(scheme));
  const peers = await Promise.all(keys.map((one) => start(scheme, one, '127.0.0.1:0')));
  for (const peer of peers) peer.ask({ type: 'peers', peers: addresses(peers) });
  for (const peer of peers) {
    for (const other of peers) if (other !== peer) await reported(peer, 'connected', other.keys.id, 1);
  }
  return peers;
}

const addresses = (peers: readonly PeerProcess[]): Record<string, string> =>
  Object.fromEntries(peers.map(({ keys, address }) => [keys.id, address]));

async function start(scheme: SchemeName, keys: KeyPair, listen: string): Promise<PeerProcess> {
  const settings: PeerSettings = { scheme, secretKey: bytesToHex(keys.secretKey), listen, timing: TIMING };
  const child = fork(SCRIPT, [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] });
  children.push(child);
  const reports: PeerReport[] = [];
  child.on('message', (report) => reports.push(report as PeerReport));
  const ready = await until(
    'the process is ready',
    () => reports.find((report) => report.type === 'ready'),
    child,
  );
  return {
    keys,
    child,
    reports,
    address: ready.type === 'ready' ? ready.address : '',
    ask: (request) => void child.send(request),
  };
}

/** Has `from` send a text to `to` until it is there: a frame may be lost while a connection takes another's place. */
async function say(from: PeerProcess, to: PeerProcess, text: string): Promise<void> {
  const isHeard = () =>
    to.reports.find(
      (report) => report.type === 'received' && report.text === text && report.from === from.keys.id,
    );
  const again = setInterval(() => from.ask({ type: 'send', to: to.keys.id, text }), 500);
  from.ask({ type: 'send', to: to.keys.id, text });
  try {
    await until(`"${text}" is received`, isHeard);
  } finally {
    clearInterval(again);
  }
}

/** The report number `count` of this type about a peer, once it is there. */
const reported = (peer: PeerProcess, type: 'connected' | 'disconnected', id: string, count: number) =>
  until(`${type} is reported`, () => {
    const all = peer.reports.filter((report) => report.type === type && report.peer === id);
    return all[count - 1];
  });

/** Far more than anything here takes. */
const LIMIT_MS = 60_000;

async function until<T>(what: string, find: () => T | undefined, child?: ChildProcess): Promise<T> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (child !== undefined && child.exitCode !== null) throw new Error(`the process ended before ${what}`);
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
