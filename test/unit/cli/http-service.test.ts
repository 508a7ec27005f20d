import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpService, openHttpService } from '../../../src/cli/http-service.ts';
import { createKeyValueStore } from '../../../src/cli/kv.ts';
import { RefusedUpdate } from '../../../src/cli/validators/refusal.ts';
import type { ValidatorsService } from '../../../src/cli/validators/service.ts';
import type { ApprovalAnswer, ValidatorsStatus } from '../../../src/cli/validators/status.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { asBlockHash, asChainId, asHeight } from '../../../src/model/ids.ts';
import {
  type ApplyContext,
  CommandError,
  type CommandService,
  PoolFullError,
} from '../../../src/state-machine/index.ts';

const keyValueStore = createKeyValueStore({
  chainId: asChainId(1),
  scheme: 'ed25519',
  epochLength: 10,
  leaderTenure: 4,
  limits: DEFAULT_LIMITS,
});
const TOKEN = 'ab'.repeat(32);
const HASH = asBlockHash('ab'.repeat(32));
const LIMITS = { host: '127.0.0.1', port: 0, maxValueBytes: 100, waitMs: 60_000 };

/** Commands that take effect at once, or as the test says. */
class FakeCommands implements Pick<CommandService, 'submit' | 'read' | 'waitForHeight'> {
  readonly state = new Map<string, Uint8Array>();
  height = 7;
  beforeSubmit: (signal?: AbortSignal) => Promise<void> = () => Promise.resolve();
  beforeHeight: (height: number, signal?: AbortSignal) => Promise<void> = () => Promise.resolve();

  async submit(command: Uint8Array, { signal }: { readonly signal?: AbortSignal } = {}) {
    await this.beforeSubmit(signal);
    const name = (key: Uint8Array) => Buffer.from(key).toString('hex');
    const draft = {
      get: (key: Uint8Array) => this.state.get(name(key)) ?? null,
      set: (key: Uint8Array, value: Uint8Array) => void this.state.set(name(key), value),
      delete: (key: Uint8Array) => void this.state.delete(name(key)),
    };
    const result = keyValueStore.apply(command, draft, { height: asHeight(this.height) } as ApplyContext);
    return { height: asHeight(this.height), blockHash: HASH, result: result ?? new Uint8Array(0) };
  }
  read(key: Uint8Array) {
    return { value: this.state.get(Buffer.from(key).toString('hex')) ?? null, height: asHeight(this.height) };
  }
  waitForHeight(height: number, { signal }: { readonly signal?: AbortSignal } = {}) {
    return this.beforeHeight(height, signal);
  }
}

const services: HttpService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close(0);
});

const NO_VALIDATORS: ValidatorsService = {
  status: () => ({ number: 1 }) as ValidatorsStatus,
  approve: () => Promise.reject(new Error('not expected')),
  withdraw: () => Promise.reject(new Error('not expected')),
};

async function start(
  commands: FakeCommands,
  limits: Partial<typeof LIMITS> = {},
  validators: Partial<ValidatorsService> = {},
) {
  const service = await openHttpService({ ...LIMITS, ...limits });
  services.push(service);
  const early = await fetch(`${service.url}/status`);
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, expect.anything()]);
  service.serve({
    commands,
    validators: { ...NO_VALIDATORS, ...validators },
    adminToken: TOKEN,
    status: () => ({ view: 9 }),
    block: (height) => (height === 7 ? { height, blockHash: HASH, appStateHash: 'cd' } : null),
  });
  const ask = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    const answer = await fetch(`${service.url}${path}`, init);
    const text = await answer.text();
    const isJson = answer.headers.get('content-type') === 'application/json';
    return {
      status: answer.status,
      body: isJson ? (JSON.parse(text) as unknown) : text,
      headers: answer.headers,
    };
  };
  return { service, ask };
}

/** A promise that the test settles, and one that tells when it is waited for. */
function gate() {
  let open: () => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open: () => open(), fail: (error: unknown) => fail(error) };
}

describe('the key-value service', () => {
  it('puts, gets and deletes', async () => {
    const { ask } = await start(new FakeCommands());
    expect(await ask('PUT', '/kv/a', 'one')).toMatchObject({
      status: 200,
      body: { height: 7, blockHash: HASH },
    });
    const got = await ask('GET', '/kv/a');
    expect(got).toMatchObject({ status: 200, body: 'one' });
    expect(got.headers.get('x-height')).toBe('7');
    expect(await ask('DELETE', '/kv/a')).toMatchObject({ status: 200, body: { height: 7, blockHash: HASH } });
    expect(await ask('GET', '/kv/a')).toMatchObject({ status: 404, body: { error: 'no such key' } });
    expect(await ask('DELETE', '/kv/a')).toMatchObject({
      status: 404,
      body: { error: 'no such key', height: 7 },
    });
  });

  it('keeps keys apart whatever they are made of, and values to the byte', async () => {
    const commands = new FakeCommands();
    const { ask, service } = await start(commands);
    await ask('PUT', '/kv/a%2Fb%20%C3%A9', 'slash');
    await ask('PUT', '/kv/a', '');
    expect(await ask('GET', '/kv/a%2Fb%20%C3%A9')).toMatchObject({ status: 200, body: 'slash' });
    expect(await ask('GET', '/kv/a')).toMatchObject({ status: 200, body: '' });
    const value = Uint8Array.from({ length: 100 }, (_, at) => 255 - at);
    await fetch(`${service.url}/kv/bytes`, { method: 'PUT', body: value });
    const got = await fetch(`${service.url}/kv/bytes`);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(value);
  });

  it('waits for a height before it reads', async () => {
    const commands = new FakeCommands();
    const height = gate();
    const asked: number[] = [];
    commands.beforeHeight = (wanted) => {
      asked.push(wanted);
      return height.opened;
    };
    const { ask } = await start(commands);
    const waiting = ask('GET', '/kv/a?minHeight=9');
    await expect.poll(() => asked).toEqual([9]);
    commands.state.set(Buffer.from('a').toString('hex'), Buffer.from('late'));
    height.open();
    expect(await waiting).toMatchObject({ status: 200, body: 'late' });
    expect(await ask('GET', '/kv/a?minHeight=x')).toMatchObject({ status: 400 });
  });

  it('tells its status and its blocks', async () => {
    const { ask } = await start(new FakeCommands());
    expect(await ask('GET', '/status')).toMatchObject({ status: 200, body: { view: 9 } });
    expect(await ask('GET', '/blocks/7')).toMatchObject({
      status: 200,
      body: { height: 7, appStateHash: 'cd' },
    });
    expect(await ask('GET', '/blocks/8')).toMatchObject({ status: 404 });
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/blocks/x', 404],
    ['GET', '/kv/', 400],
    ['GET', '/kv/%ff', 400],
    ['GET', `/kv/${'k'.repeat(1_024)}`, 400],
    ['POST', '/kv/a', 405],
    ['PUT', '/status', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { ask } = await start(new FakeCommands());
    const answer = await ask(method, path, method === 'GET' ? undefined : 'x');
    expect(answer).toMatchObject({ status, body: { error: expect.any(String) } });
    expect(answer.headers.has('allow')).toBe(status === 405);
  });

  it('refuses a value that is too large, announced or not, and takes one that just fits', async () => {
    const { ask, service } = await start(new FakeCommands());
    expect(await ask('PUT', '/kv/a', 'x'.repeat(101))).toMatchObject({ status: 413 });
    expect(await ask('PUT', '/kv/a', 'x'.repeat(100))).toMatchObject({ status: 200 });
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(`${service.url}/kv/a`, { method: 'PUT' }, (answer) =>
        resolve(answer.statusCode),
      );
      request.on('error', reject);
      for (let at = 0; at < 11; at++) request.write('x'.repeat(10));
      request.end();
    });
    expect(chunked).toBe(413);
  });

  it.each([
    [new PoolFullError('full', 1_000), 503, '1'],
    [new CommandError('closed', 'closing'), 503, '1'],
    [new CommandError('too-large', 'large'), 413, null],
    [new CommandError('refused', 'no'), 500, null],
  ])('answers what the pool says: %s', async (error, status, retryAfter) => {
    const commands = new FakeCommands();
    commands.beforeSubmit = () => Promise.reject(error);
    const { ask } = await start(commands);
    const answer = await ask('PUT', '/kv/a', 'x');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
  });

  it('answers 504 when a commit takes too long, and stops looking after the command', async () => {
    const commands = new FakeCommands();
    let given: AbortSignal | undefined;
    commands.beforeSubmit = (signal) =>
      new Promise((_, reject) => {
        given = signal;
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const { ask } = await start(commands, { waitMs: 20 });
    expect(await ask('PUT', '/kv/a', 'x')).toMatchObject({ status: 504 });
    expect(given?.aborted).toBe(true);
  });

  it('stops looking after a command whose client hangs up', async () => {
    const commands = new FakeCommands();
    let given: AbortSignal | undefined;
    commands.beforeSubmit = (signal) =>
      new Promise((_, reject) => {
        given = signal;
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const { service } = await start(commands);
    const { port } = new URL(service.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
    await expect.poll(() => given?.aborted).toBe(false);
    socket.destroy();
    await expect.poll(() => given?.aborted).toBe(true);
  });

  it('stops looking after all commands of a client that hangs up, also those behind others', async () => {
    const commands = new FakeCommands();
    const given: AbortSignal[] = [];
    commands.beforeSubmit = (signal) =>
      new Promise((_, reject) => {
        given.push(signal!);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const { service } = await start(commands);
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write('PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'.repeat(3));
    await expect.poll(() => given.length).toBe(3);
    socket.destroy();
    await expect.poll(() => given.every(({ aborted }) => aborted)).toBe(true);
  });

  it('works on a few requests of one connection at a time, and refuses what comes on top', async () => {
    const commands = new FakeCommands();
    const reached = gate();
    let waiting = 0;
    commands.beforeHeight = () => {
      waiting += 1;
      return reached.opened;
    };
    const { service, ask } = await start(commands);
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    });
    socket.write('GET /kv/a?minHeight=9 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    await expect.poll(() => waiting).toBeGreaterThan(0);
    expect((await ask('GET', '/status')).status).toBe(200);
    reached.open();
    await expect.poll(() => socket.closed).toBe(true);
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual([...Array(8).fill('HTTP/1.1 404'), 'HTTP/1.1 503']);
    expect(waiting).toBe(8);
  });

  it('answers what it has accepted, and refuses the rest, while it stops', async () => {
    const commands = new FakeCommands();
    const commit = gate();
    let isAsked = false;
    commands.beforeSubmit = () => {
      isAsked = true;
      return commit.opened;
    };
    const { ask, service } = await start(commands);
    const accepted = ask('PUT', '/kv/a', 'x');
    await expect.poll(() => isAsked).toBe(true);
    service.drain();
    expect(await ask('PUT', '/kv/b', 'x')).toMatchObject({ status: 503 });
    const closed = service.close(60_000);
    commit.open();
    expect(await accepted).toMatchObject({ status: 200 });
    await closed;
  });

  it('says which address is taken', async () => {
    const { service } = await start(new FakeCommands());
    const { port } = new URL(service.url);
    await expect(start(new FakeCommands(), { port: Number(port) })).rejects.toThrow(
      `http.port: 127.0.0.1:${port} is taken by another program; choose another port or stop that one`,
    );
  });
});

describe('a command of the key-value store', () => {
  const state = { get: () => null, set: () => {}, delete: () => {} };
  it.each([[[]], [[1]], [[1, 5, 0, 1]], [[4, 0, 0]], [[0, 0, 0, 0]], [[1, 1, 0, 0xff]], [[2, 1, 0, 0xff]]])(
    '%j is none, and is refused',
    (bytes) => {
      expect(() =>
        keyValueStore.apply(Uint8Array.from(bytes), state, { height: asHeight(0) } as ApplyContext),
      ).toThrow(TypeError);
    },
  );
});

describe('the validator set over HTTP', () => {
  const admin = { Authorization: `Bearer ${TOKEN}` };
  const applied = { status: 'applied', number: 1, height: 9 } as ApprovalAnswer;

  it('is shown to everyone', async () => {
    const { ask } = await start(new FakeCommands());
    expect(await ask('GET', '/validators')).toMatchObject({ status: 200, body: { number: 1 } });
  });

  it('changes for nobody without the admin token of the node', async () => {
    const { ask } = await start(new FakeCommands());
    const wrong = ['', TOKEN, `Bearer ${TOKEN}0`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, 'Bearer '];
    for (const method of ['POST', 'DELETE']) {
      for (const Authorization of wrong) {
        const refused = await ask(method, '/validators', undefined, { Authorization });
        expect(refused).toMatchObject({
          status: 401,
          body: { error: expect.stringContaining('admin-token') },
        });
      }
    }
    const method = await ask('PUT', '/validators', '{}', admin);
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
  });

  it('answers 200 when the update is made, and 202 while others have to approve', async () => {
    const asked: unknown[] = [];
    const answers = [{ ...applied, status: 'approved' as const }, applied];
    const { ask } = await start(
      new FakeCommands(),
      {},
      {
        approve: (json) => {
          asked.push(json);
          return Promise.resolve(answers.shift() ?? applied);
        },
        withdraw: () => Promise.resolve({ ...applied, status: 'withdrawn' }),
      },
    );
    const body = { set: [{ id: 'ab', power: 1 }] };
    expect(await ask('POST', '/validators', JSON.stringify(body), admin)).toMatchObject({ status: 202 });
    expect(await ask('POST', '/validators', JSON.stringify(body), admin)).toMatchObject({
      status: 200,
      body: { status: 'applied', height: 9 },
    });
    expect(asked).toEqual([body, body]);
    expect(await ask('DELETE', '/validators', undefined, admin)).toMatchObject({
      status: 200,
      body: { status: 'withdrawn' },
    });
  });

  it('says why it cannot be changed so, or not in time', async () => {
    const commands = new FakeCommands();
    const refused = await start(
      commands,
      {},
      {
        approve: () =>
          Promise.reject(new RefusedUpdate('no such key', { status: 409, code: 'unknown-validator' })),
      },
    );
    expect(await refused.ask('POST', '/validators', '{}', admin)).toMatchObject({
      status: 409,
      body: { error: 'no such key', code: 'unknown-validator' },
    });
    expect(await refused.ask('POST', '/validators', '{', admin)).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('is not JSON'), code: 'malformed' },
    });
    expect(await refused.ask('POST', '/validators', ' '.repeat(1024 * 1024 + 1), admin)).toMatchObject({
      status: 413,
    });
    const busy = await start(
      commands,
      {},
      { approve: () => Promise.reject(new PoolFullError('full', 1_500)) },
    );
    expect(await busy.ask('POST', '/validators', '{}', admin)).toMatchObject({ status: 503 });
    const slow = await start(
      commands,
      { waitMs: 1 },
      {
        approve: (_, signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    );
    expect(await slow.ask('POST', '/validators', '{}', admin)).toMatchObject({ status: 504 });
  });
});
