import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests to nodes over connections that are kept. */
export interface HttpClient {
  /** Rejects when there is no answer within the time limit. */
  request(url: string, options?: RequestOptions): Promise<HttpAnswer>;
  /** The answer's JSON; rejects on another status than 200. */
  json<Value>(url: string): Promise<Value>;
  close(): void;
}

/** `connections` at most to each node; more requests wait for one. */
export function createHttpClient(options: {
  readonly connections: number;
  readonly timeoutMs: number;
}): HttpClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: options.connections,
    maxFreeSockets: options.connections,
  });

  function request(
    url: string,
    { method = 'GET', body, headers: given = {} }: RequestOptions = {},
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { ...given, ...(body === undefined ? {} : { 'Content-Length': body.length }) };
      const sent = httpRequest(url, { agent, method, headers, timeout: options.timeoutMs }, (answer) =>
        collect(answer, resolve, reject),
      );
      sent.on('timeout', () =>
        sent.destroy(new Error(`no answer from ${url} within ${options.timeoutMs} ms`)),
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
  return {
    request,
    async json<Value>(url: string): Promise<Value> {
      const { status, body } = await request(url);
      if (status !== 200) throw new Error(`${url} answered ${status}`);
      return JSON.parse(body.toString()) as Value;
    },
    close: () => agent.destroy(),
  };
}

function collect(
  answer: IncomingMessage,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('error', reject);
  answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
}
