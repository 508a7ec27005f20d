import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { asHeight, ConfigError, type Height } from '../index.ts';
import {
  type CommandAnswer,
  CommandError,
  type CommandService,
  PoolFullError,
} from '../state-machine/index.ts';
import { readBody } from './http-body.ts';
import { encodeDelete, encodePut, hadExisted, MAX_KEY_BYTES } from './kv.ts';
import { isAuthorized } from './validators/admin-token.ts';
import { RefusedUpdate } from './validators/refusal.ts';
import type { ValidatorsService } from './validators/service.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly maxValueBytes: number;
  /** How long a write waits for its commit, and a read for its height, in milliseconds. */
  readonly waitMs: number;
}

/** What the service shows besides the keys and values. */
export interface HttpSources {
  readonly commands: Pick<CommandService, 'submit' | 'read' | 'waitForHeight'>;
  status(): object;
  readonly validators: ValidatorsService;
  /** What requests that change the validator set must show. */
  readonly adminToken: string;
  /** The committed block at `height`; null when this node has none, or none any more. */
  block(height: Height): object | null;
}

export interface HttpService {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Answers from `sources` from now on; until then everything is answered with 503. */
  serve(sources: HttpSources): void;
  /** Refuses what comes from now on with 503; requests under way go on. */
  drain(): void;
  /** Ends all connections once their requests are answered; after `graceMs`, whatever they do. */
  close(graceMs: number): Promise<void>;
}

/** Connections at a time; each may hold one value in memory. Node closes those that come on top. */
const MAX_CONNECTIONS = 4_096;

/**
 * Requests of one connection that are worked on at a time. Clients that send several without waiting for answers are
 * rare; each that waits for a commit or a height costs some kilobytes, and nothing else bounds them.
 */
const MAX_PIPELINED = 8;

/** How often a closing service looks for connections that have become idle. */
const SWEEP_MS = 20;

const TOO_BUSY_RETRY_SECONDS = 1;

/** Of an update as JSON: as many validators as one command can carry, twice over. */
const MAX_UPDATE_BYTES = 1024 * 1024;

/**
 * Serves the key-value store over HTTP.
 *
 * | request | answer |
 * |---|---|
 * | `PUT /kv/:key` | 200 `{height, blockHash}` once committed, durably on this node |
 * | `DELETE /kv/:key` | the same; 404 `{error, height, blockHash}` when there was no such key |
 * | `GET /kv/:key?minHeight=H` | 200 and the value, from this node's committed state, once that has height H |
 * | `GET /validators` | 200 and the validator set |
 * | `POST /validators` | this node approves an update: 200 once it is made and decided, 202 while others are to approve |
 * | `DELETE /validators` | 200 once this node's approval is withdrawn |
 * | `GET /status` | 200 and the node's state |
 * | `GET /blocks/:height` | 200 `{height, blockHash, appStateHash}` |
 *
 * Errors are `{error}`: 400 malformed, 401 without the admin token, 404 no such key, block or path, 405 method, 409 an update that
 * does not fit the set as it is (with a `code`), 413 value too large, 503 with
 * Retry-After when the pool is full, too many requests wait on one connection, or the node is starting or stopping, 504 when the wait was too long: a write may then still
 * take effect. Throws `ConfigError` when the port cannot be had.
 */
export async function openHttpService(options: HttpOptions): Promise<HttpService> {
  let isDraining = false;
  let sources: HttpSources | null = null;
  const isOneTooMany = createPipelineLimit();
  const server = createServer(
    { keepAliveTimeout: 60_000, headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384 },
    (request, response) => {
      if (isOneTooMany(request, response)) {
        response.setHeader('Connection', 'close');
        sendUnavailable(response, 'too many requests at once on one connection', TOO_BUSY_RETRY_SECONDS);
        return;
      }
      if (isDraining) {
        response.setHeader('Connection', 'close');
        sendUnavailable(response, 'this node is stopping', TOO_BUSY_RETRY_SECONDS);
        return;
      }
      if (sources === null) {
        sendUnavailable(response, 'this node is starting', TOO_BUSY_RETRY_SECONDS);
        return;
      }
      answer(request, response, options, sources).catch((error: unknown) => sendError(response, error));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    serve: (from) => {
      sources = from;
    },
    drain: () => {
      isDraining = true;
    },
    close: (graceMs) => close(server, graceMs),
  };
}

/** Counts the requests under way by connection; whether a new one exceeds what one connection may have. */
function createPipelineLimit(): (request: IncomingMessage, response: ServerResponse) => boolean {
  const underWay = new WeakMap<Socket, number>();
  const countOf = (socket: Socket): number => underWay.get(socket) ?? 0;
  return ({ socket }, response) => {
    underWay.set(socket, countOf(socket) + 1);
    response.once('close', () => underWay.set(socket, countOf(socket) - 1));
    return countOf(socket) > MAX_PIPELINED;
  };
}

function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? `${host}:${port} is taken by another program; choose another port or stop that one`
          : `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ConfigError('http.port', why, { cause }));
    });
    server.listen(port, host, 1_024, resolve);
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection that is answered after the call below would be kept alive for its client.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    server.close(() => {
      clearTimeout(force);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpOptions,
  sources: HttpSources,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path.startsWith('/kv/')) {
    const key = keyOf(path.slice('/kv/'.length));
    if (typeof key === 'string') sendJson(response, 400, { error: key });
    else await answerKey(request, response, { key, query }, options, sources);
    return;
  }
  if (path === '/validators') return answerValidators(request, response, options, sources);
  if (request.method !== 'GET') return sendMethodNotAllowed(response, 'GET');
  if (path === '/status') return sendJson(response, 200, sources.status());
  const block = /^\/blocks\/(\d{1,15})$/.exec(path);
  if (block === null)
    return sendJson(response, 404, { error: `there is no ${path}; see /kv/:key, /status and /validators` });
  const found = sources.block(asHeight(Number(block[1])));
  if (found === null) sendJson(response, 404, { error: 'no committed block at this height' });
  else sendJson(response, 200, found);
}

/** The key's bytes, or what is wrong with it. */
function keyOf(encoded: string): Uint8Array | string {
  let key: Buffer;
  try {
    key = Buffer.from(decodeURIComponent(encoded));
  } catch {
    return 'the key is not percent-encoded UTF-8';
  }
  if (key.length >= 1 && key.length <= MAX_KEY_BYTES) return key;
  return `the key has ${key.length} bytes; 1 to ${MAX_KEY_BYTES} are allowed`;
}

interface Target {
  readonly key: Uint8Array;
  readonly query: string;
}

async function answerKey(
  request: IncomingMessage,
  response: ServerResponse,
  { key, query }: Target,
  options: HttpOptions,
  { commands }: HttpSources,
): Promise<void> {
  switch (request.method) {
    case 'GET':
      return answerGet(response, { key, query }, options, commands);
    case 'PUT': {
      const body = await readBody(request, options.maxValueBytes);
      if ('refused' in body)
        return refuseBody(response, body.refused, `value is larger than ${options.maxValueBytes} bytes`);
      const written = await write(response, encodePut(key, body.bytes), options, commands);
      return sendJson(response, 200, { height: written.height, blockHash: written.blockHash });
    }
    case 'DELETE': {
      const { height, blockHash, result } = await write(response, encodeDelete(key), options, commands);
      if (hadExisted(result)) return sendJson(response, 200, { height, blockHash });
      return sendJson(response, 404, { error: 'no such key', height, blockHash });
    }
    default:
      return sendMethodNotAllowed(response, 'GET, PUT, DELETE');
  }
}

async function answerValidators(
  request: IncomingMessage,
  response: ServerResponse,
  { waitMs }: HttpOptions,
  { validators, adminToken }: HttpSources,
): Promise<void> {
  if (request.method === 'GET') return sendJson(response, 200, validators.status());
  if (request.method !== 'POST' && request.method !== 'DELETE') {
    return sendMethodNotAllowed(response, 'GET, POST, DELETE');
  }
  if (!isAuthorized(request.headers.authorization, adminToken)) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    const error =
      'send the header "Authorization: Bearer TOKEN" with the token in keys/admin-token of this node';
    return sendJson(response, 401, { error });
  }
  if (request.method === 'DELETE') {
    return sendJson(
      response,
      200,
      await whileWanted(response, waitMs, (signal) => validators.withdraw(signal)),
    );
  }
  const body = await readBody(request, MAX_UPDATE_BYTES);
  if ('refused' in body)
    return refuseBody(response, body.refused, `update is larger than ${MAX_UPDATE_BYTES} bytes`);
  const json = jsonOf(body.bytes);
  const answered = await whileWanted(response, waitMs, (signal) => validators.approve(json, signal));
  sendJson(response, answered.status === 'applied' ? 200 : 202, answered);
}

/** Throws `RefusedUpdate`. */
function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    const example = '{"set": [{"id": "…", "power": 1, "possession": "…"}], "remove": ["…"]}';
    throw new RefusedUpdate(`the body is not JSON; it must be like ${example}`, {
      status: 400,
      code: 'malformed',
      cause,
    });
  }
}

function refuseBody(response: ServerResponse, why: 'too-large' | 'aborted', tooLarge: string): void {
  if (why === 'aborted') {
    response.destroy();
    return;
  }
  // What is left of the body is not read: the connection cannot be used again.
  response.setHeader('Connection', 'close');
  sendJson(response, 413, { error: `the ${tooLarge}` });
}

/** Submits a command; nobody waits for it any more when the client hangs up or the wait takes too long. */
async function write(
  response: ServerResponse,
  command: Uint8Array,
  { waitMs }: HttpOptions,
  commands: HttpSources['commands'],
): Promise<CommandAnswer> {
  return whileWanted(response, waitMs, (signal) => commands.submit(command, { signal }));
}

async function answerGet(
  response: ServerResponse,
  { key, query }: Target,
  { waitMs }: HttpOptions,
  commands: HttpSources['commands'],
): Promise<void> {
  const minHeight = new URLSearchParams(query).get('minHeight');
  if (minHeight !== null) {
    if (!/^\d{1,15}$/.test(minHeight)) {
      return sendJson(response, 400, { error: `minHeight is "${minHeight}"; it must be a whole number` });
    }
    const height = asHeight(Number(minHeight));
    await whileWanted(response, waitMs, (signal) => commands.waitForHeight(height, { signal }));
  }
  const { value, height } = commands.read(key);
  if (height !== null) response.setHeader('X-Height', height);
  if (value === null) return sendJson(response, 404, { error: 'no such key' });
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': value.length });
  response.end(value);
}

class WaitTooLong extends Error {}

/** Runs `call` with a signal that fires when the client hangs up or after `waitMs`. */
async function whileWanted<Result>(
  response: ServerResponse,
  waitMs: number,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const onClose = (): void => stop.abort(new Error('the client hung up'));
  const timer = setTimeout(() => stop.abort(new WaitTooLong()), waitMs);
  // Of the connection: a response that waits behind others is not told of its end.
  const { socket } = response.req;
  socket.once('close', onClose);
  try {
    return await call(stop.signal);
  } finally {
    clearTimeout(timer);
    socket.removeListener('close', onClose);
  }
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
  } else if (error instanceof RefusedUpdate) {
    sendJson(response, error.status, { error: error.message, code: error.code });
  } else if (error instanceof PoolFullError) {
    sendUnavailable(response, error.message, Math.ceil(error.retryAfterMs / 1_000));
  } else if (error instanceof CommandError && error.code === 'closed') {
    response.setHeader('Connection', 'close');
    sendUnavailable(response, 'this node is stopping', TOO_BUSY_RETRY_SECONDS);
  } else if (error instanceof CommandError && error.code === 'too-large') {
    sendJson(response, 413, { error: error.message });
  } else if (error instanceof WaitTooLong) {
    sendJson(response, 504, { error: 'not committed in time; a write may still take effect' });
  } else {
    sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
  }
}

function sendUnavailable(response: ServerResponse, error: string, retryAfterSeconds: number): void {
  response.setHeader('Retry-After', retryAfterSeconds);
  sendJson(response, 503, { error });
}

function sendMethodNotAllowed(response: ServerResponse, allowed: string): void {
  response.setHeader('Allow', allowed);
  sendJson(response, 405, { error: `the methods here are ${allowed}` });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
