import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../../../src/cli/config.ts';

const MINIMAL = { network: { listen: '127.0.0.1:7000' } };

describe('config.json', () => {
  it('gets a default for all that it may leave out', () => {
    expect(parseConfig(MINIMAL, 'config.json')).toEqual({
      role: 'auto',
      network: { listen: '127.0.0.1:7000', peers: {} },
      http: { host: '127.0.0.1', port: 8_080, maxValueBytes: 65_536, waitMs: 30_000 },
      viewTimeMs: 1_000,
      workers: 'auto',
      trace: false,
    });
  });

  it.each([
    [{}, 'network: is missing; it must be an object (config.json)'],
    [{ network: {} }, 'network.listen: is missing; it must be a text (config.json)'],
    [
      { ...MINIMAL, role: 'king' },
      'role: is "king"; it must be one of auto, validator, listener (config.json)',
    ],
    [{ ...MINIMAL, http: { port: 70_000 } }, 'http.port: is 70000; it must be at most 65535 (config.json)'],
    [{ ...MINIMAL, viewTimeMs: 3 }, 'viewTimeMs: is 3; it must be at least 10 (config.json)'],
    [{ ...MINIMAL, viewTimeMs: '1s' }, 'viewTimeMs: is "1s"; it must be a whole number (config.json)'],
    [{ ...MINIMAL, viewTimeMs: 10.5 }, 'viewTimeMs: is 10.5; it must be a whole number (config.json)'],
    [
      { ...MINIMAL, workers: 'many' },
      'workers: is "many"; it must be auto or a whole number from 0 to 64 (config.json)',
    ],
    [{ ...MINIMAL, trace: 1 }, 'trace: is 1; it must be true or false (config.json)'],
    [{ ...MINIMAL, colour: 1 }, 'config.json: has the unknown setting colour; remove it (config.json)'],
    [{ network: { listen: '', peers: {} } }, 'network.listen: is ""; it must not be empty (config.json)'],
    [
      { network: { listen: 'a:1', peers: { b: 1 } } },
      'network.peers.b: is 1; it must be a text (config.json)',
    ],
    [[], 'config.json: is []; it must be an object (config.json)'],
  ])('with %j is refused with the field, the value and what is allowed', (json, message) => {
    expect(() => parseConfig(json, 'config.json')).toThrow(expect.objectContaining({ message }));
  });

  it('gives way to what the command line or the environment says, which errors then name', () => {
    const overrides = [
      { field: 'http.port', value: '9000', source: '--http-port' },
      { field: 'trace', value: 'true', source: 'HOTSTUFF_TRACE' },
      { field: 'workers', value: '2', source: '--workers' },
    ];
    const config = parseConfig({ ...MINIMAL, http: { port: 8_000 } }, 'config.json', overrides);
    expect([config.http.port, config.trace, config.workers]).toEqual([9_000, true, 2]);
    const wrong = [{ field: 'http.port', value: 'x', source: '--http-port' }];
    expect(() => parseConfig(MINIMAL, 'config.json', wrong)).toThrow(
      'http.port: is "x"; it must be a whole number (--http-port)',
    );
  });
});

describe('the file', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'hotstuff-config-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('that cannot be read, or is no JSON, is named', () => {
    const path = join(dir, 'config.json');
    expect(() => loadConfig(path)).toThrow(`${path}: cannot be read: ENOENT`);
    writeFileSync(path, '{');
    expect(() => loadConfig(path)).toThrow(`${path}: is not JSON: `);
    writeFileSync(path, JSON.stringify(MINIMAL));
    expect(loadConfig(path).role).toBe('auto');
  });
});
