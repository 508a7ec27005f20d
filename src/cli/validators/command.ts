import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { CommandFailure, describeError, EXIT_FAILED } from '../failure.ts';
import { homeAt } from '../home.ts';
import { createHttpClient, type HttpClient } from '../http-client.ts';
import { homesIn, urlOf } from '../status.ts';
import { formatTable } from '../table.ts';
import { readAdminToken } from './admin-token.ts';
import type { ApprovalAnswer, ValidatorsStatus } from './status.ts';

/** Longer than a node waits for the commit and the decision by default. */
const TIMEOUT_MS = 60_000;

/** Digits of an id that are enough to name a validator, when only one begins so. */
const LEAST_DIGITS = 8;

export interface ListOptions {
  readonly urls: readonly string[];
  readonly dirs: readonly string[];
  readonly json: boolean;
}

export interface ChangeOptions {
  /** Homes, or directories of homes, whose nodes approve. */
  readonly dirs: readonly string[];
  /** A node elsewhere, and the file with its admin token. */
  readonly remote: { readonly url: string; readonly tokenFile: string } | null;
  readonly force: boolean;
  readonly json: boolean;
}

/** What a command asks for, once the set is known that it changes. */
export type Change = (status: ValidatorsStatus, client: HttpClient) => Promise<object> | object;

type Write = (text: string) => void;

/** A node that can be told to approve. */
interface Approver {
  readonly url: string;
  readonly token: string;
}

/** What became of one node's approval. */
type Said = { readonly url: string } & (ApprovalAnswer | { readonly error: string });

/** `hotstuff validators list`: the validator set as nodes see it. */
export async function listValidators({ urls, dirs, json }: ListOptions, write: Write): Promise<number> {
  const asked = [...urls.map(withoutSlash), ...dirs.flatMap(homesIn).map((dir) => urlOf(dir))];
  return withClient(async (client) => {
    const looks = await Promise.all(
      asked.map(async (url) => {
        try {
          return { url, ...(await client.json<ValidatorsStatus>(`${url}/validators`)) };
        } catch (error) {
          return { url, error: describeError(error) };
        }
      }),
    );
    if (json) write(`${JSON.stringify(looks, null, 2)}\n`);
    else
      write(
        looks.map((look) => ('error' in look ? `${look.url}: ${look.error}\n` : describe(look))).join('\n'),
      );
    return looks.some((look) => 'error' in look) ? EXIT_FAILED : 0;
  });
}

function describe(status: ValidatorsStatus & { readonly url: string }): string {
  const { url, validators, totalPower, quorum, updateHeight, decided, number, proposals } = status;
  const update =
    updateHeight === null
      ? 'the set of the genesis'
      : `updated at height ${updateHeight}, ${decided ? 'decided' : 'not decided yet'}`;
  const rows = validators.map(({ id, power, connected, address }) => [
    short(id),
    String(power),
    id === status.self.id ? 'this node' : connected ? 'connected' : 'away',
    address ?? '-',
  ]);
  const head = `${url}: ${validators.length} validators, power ${totalPower}, quorum ${quorum}; ${update}\n`;
  const open = proposals.map(
    (proposal) =>
      `update ${number}: ${describeChange(proposal)}; approved by power ${proposal.approvedPower} of ${quorum} ` +
      `(${proposal.approvedBy.map(short).join(', ')})\n`,
  );
  return `${head}${formatTable(['validator', 'power', 'seen', 'address'], rows)}${open.join('')}`;
}

function describeChange({ set, remove }: ValidatorsStatus['proposals'][number]): string {
  const parts = [
    ...set.map(({ id, power }) => `${short(id)} to power ${power}`),
    ...remove.map((id) => `remove ${short(id)}`),
  ];
  return parts.join(', ');
}

/** `hotstuff validators add` and its likes: has the nodes approve a change, one after the other, until it is made. */
export async function changeValidators(
  change: Change,
  options: ChangeOptions,
  write: Write,
): Promise<number> {
  const approvers = approversOf(options);
  return withClient(async (client) => {
    const latest = await latestStatus(client, approvers);
    const body = { ...(await change(latest, client)), number: latest.number, force: options.force };
    const said = await approveInTurn(client, approvers, Buffer.from(JSON.stringify(body)));
    return report(said, options, write);
  });
}

/** `hotstuff validators withdraw`: takes the nodes' approvals back. */
export async function withdrawApprovals(options: ChangeOptions, write: Write): Promise<number> {
  return withClient(async (client) => {
    const said: Said[] = [];
    for (const approver of approversOf(options)) said.push(await ask(client, approver, 'DELETE'));
    return report(said, options, write);
  });
}

function approversOf({ dirs, remote }: ChangeOptions): readonly Approver[] {
  const local = dirs
    .flatMap(homesIn)
    .map((dir) => ({ url: urlOf(dir), token: readAdminToken(homeAt(dir).adminToken) }));
  if (remote === null && local.length === 0) {
    throw new CommandFailure(
      '--home: is missing; name the homes of the nodes that shall approve, or one elsewhere with --url and --token',
    );
  }
  if (remote === null) return local;
  return [...local, { url: withoutSlash(remote.url), token: readAdminToken(remote.tokenFile) }];
}

/** What the node that is furthest knows of the set. Throws `CommandFailure` when none answers. */
async function latestStatus(client: HttpClient, approvers: readonly Approver[]): Promise<ValidatorsStatus> {
  const looks = await Promise.allSettled(
    approvers.map(({ url }) => client.json<ValidatorsStatus>(`${url}/validators`)),
  );
  const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  const latest = seen.sort((a, b) => b.number - a.number)[0];
  if (latest !== undefined) return latest;
  const first = looks[0] as PromiseRejectedResult;
  throw new CommandFailure(`no node answers: ${describeError(first.reason)}; start them with: hotstuff run`);
}

/** Stops as soon as the update is made: what the rest would approve is over then. */
async function approveInTurn(
  client: HttpClient,
  approvers: readonly Approver[],
  body: Buffer,
): Promise<readonly Said[]> {
  const said: Said[] = [];
  for (const approver of approvers) {
    const answer = await ask(client, approver, 'POST', body);
    said.push(answer);
    if ('status' in answer && answer.status === 'applied') break;
  }
  return said;
}

async function ask(
  client: HttpClient,
  { url, token }: Approver,
  method: 'POST' | 'DELETE',
  body?: Buffer,
): Promise<Said> {
  try {
    const headers = { Authorization: `Bearer ${token}` };
    const options = body === undefined ? { method, headers } : { method, headers, body };
    const answer = await client.request(`${url}/validators`, options);
    return { url, ...(JSON.parse(answer.body.toString()) as ApprovalAnswer | { error: string }) };
  } catch (error) {
    return { url, error: describeError(error) };
  }
}

/** Nodes that could not approve matter only when the update was not made. */
function report(said: readonly Said[], { json }: ChangeOptions, write: Write): number {
  const last = said.findLast((each) => 'status' in each);
  if (json) write(`${JSON.stringify({ status: last?.status ?? 'failed', nodes: said }, null, 2)}\n`);
  else
    for (const each of said) write(`${each.url}: ${'status' in each ? describeAnswer(each) : each.error}\n`);
  return last === undefined ? EXIT_FAILED : 0;
}

function describeAnswer({
  status,
  number,
  height,
  approvedPower,
  quorum,
  validators,
  totalPower,
}: ApprovalAnswer): string {
  switch (status) {
    case 'applied':
      return `update ${number} is made and decided, at height ${height}: ${validators.length} validators, power ${totalPower}`;
    case 'approved':
      return `update ${number} is approved by power ${approvedPower} of ${quorum}; nodes of other validators must approve too`;
    case 'withdrawn':
      return 'the approval is withdrawn';
  }
}

/** Adds a validator by its id, or by the URL of its running node, which knows its proof of possession. */
export const addition =
  (who: string, power: number, possession: string | null): Change =>
  async (status, client) => {
    const newcomer = /^https?:/.test(who)
      ? (await client.json<ValidatorsStatus>(`${withoutSlash(who)}/validators`)).self
      : { id: who, possession };
    if (status.validators.some(({ id }) => id === newcomer.id)) {
      throw new CommandFailure(
        `${short(newcomer.id)}: is a validator already; change its power with: hotstuff validators set-power`,
      );
    }
    return { set: [{ id: newcomer.id, power, possession: newcomer.possession }] };
  };

export const powerChange =
  (who: string, power: number): Change =>
  (status) => ({ set: [{ id: memberOf(status, who), power }] });

export const removal =
  (who: readonly string[]): Change =>
  (status) => ({ remove: who.map((each) => memberOf(status, each)) });

/** An update from a file, or from standard input as `-`. */
export const updateFrom =
  (path: string): Change =>
  async () => {
    try {
      const json: unknown = JSON.parse(path === '-' ? await text(process.stdin) : readFileSync(path, 'utf8'));
      if (typeof json === 'object' && json !== null) return json;
    } catch (cause) {
      throw new CommandFailure(`${path}: cannot be used: ${(cause as Error).message}`, { cause });
    }
    throw new CommandFailure(`${path}: is no JSON object with set and remove`);
  };

/** The validator that `who` names: by its id, the beginning of it, or the URL of its node without a path. */
function memberOf({ validators }: ValidatorsStatus, who: string): string {
  const found = validators.filter(({ id }) => id.startsWith(who));
  const [only] = found;
  if (only !== undefined && found.length === 1 && who.length >= LEAST_DIGITS) return only.id;
  const why =
    found.length > 1
      ? 'several validators begin so'
      : who.length < LEAST_DIGITS
        ? `at least ${LEAST_DIGITS} digits are needed`
        : 'no validator begins so';
  throw new CommandFailure(`${who}: ${why}; see: hotstuff validators list`);
}

async function withClient(act: (client: HttpClient) => Promise<number>): Promise<number> {
  const client = createHttpClient({ connections: 1, timeoutMs: TIMEOUT_MS });
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

const short = (id: string): string => id.slice(0, 16);
