import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../index.ts';

const port = z.int().min(0).max(65_535);

const schema = z.strictObject({
  role: z.enum(['auto', 'validator', 'listener']).default('auto'),
  network: z.strictObject({
    listen: z.string().min(1),
    peers: z.record(z.string(), z.string()).default({}),
  }),
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(8_080),
      maxValueBytes: z.int().min(1).max(1_000_000).default(65_536),
      waitMs: z.int().min(1).max(600_000).default(30_000),
    })
    .prefault({}),
  viewTimeMs: z.int().min(10).max(600_000).default(1_000),
  workers: z.union([z.literal('auto'), z.int().min(0).max(64)]).default('auto'),
  trace: z.boolean().default(false),
});

/** A node's settings, complete: docs/CLI.md has them as a table. */
export type NodeConfig = z.infer<typeof schema>;

/** What config.json may leave out has its default. */
export type NodeConfigInput = z.input<typeof schema>;

/** A setting given beside config.json, as text: it wins, and errors about it name where it came from. */
export interface Override {
  /** Path in config.json, such as `http.port`. */
  readonly field: string;
  readonly value: string;
  /** Such as `--http-port` or `HOTSTUFF_HTTP_PORT`. */
  readonly source: string;
}

/** Reads and checks config.json at `path`. Throws `ConfigError` that names the field, the value and what is allowed. */
export function loadConfig(path: string, overrides: readonly Override[] = []): NodeConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw unusable(path, 'cannot be read', cause as Error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, 'is not JSON', cause as Error);
  }
  return parseConfig(json, path, overrides);
}

const unusable = (path: string, what: string, cause: Error): ConfigError =>
  new ConfigError(path, `${what}: ${cause.message}`, { cause });

/** Checks `json`, with `overrides` in its place where they are given; `path` is named in errors. */
export function parseConfig(json: unknown, path: string, overrides: readonly Override[] = []): NodeConfig {
  const merged: unknown = structuredClone(json);
  for (const override of overrides) place(merged, override);
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0] as z.core.$ZodIssue;
  const field = issue.path.join('.');
  const source = overrides.find((override) => override.field === field)?.source ?? path;
  throw new ConfigError(field === '' ? path : field, `${complaint(issue, merged)} (${source})`);
}

function place(json: unknown, { field, value }: Override): void {
  const names = field.split('.');
  const last = names.pop() as string;
  let at: unknown = json;
  for (const name of names) {
    if (typeof at !== 'object' || at === null) return;
    const fields = at as Record<string, unknown>;
    fields[name] ??= {};
    at = fields[name];
  }
  if (typeof at === 'object' && at !== null) (at as Record<string, unknown>)[last] = fromText(value);
}

/** Numbers and booleans have no quotes on a command line. */
function fromText(value: string): unknown {
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (value === 'true' || value === 'false') return value === 'true';
  return value;
}

function complaint(issue: z.core.$ZodIssue, json: unknown): string {
  if (issue.code === 'unrecognized_keys')
    return `has the unknown setting ${issue.keys.join(', ')}; remove it`;
  const value = issue.path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[name] : undefined,
    json,
  );
  const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return `${found}; ${allowed(issue)}`;
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return `it must be at most ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'string' ? 'it must not be empty' : `it must be at least ${issue.minimum}`;
    case 'invalid_value':
      return `it must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_union':
      return 'it must be auto or a whole number from 0 to 64';
    case 'invalid_type':
      return `it must be ${EXPECTED[issue.expected] ?? issue.expected}`;
    default:
      return issue.message;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object of ids and addresses',
};
