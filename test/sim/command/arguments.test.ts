import { describe, expect, test } from 'vitest';
import { parseSimArguments } from '../../../sim/arguments.ts';
import { replayCommand, toArguments } from '../../../sim/run-options.ts';
import { simulate } from '../../../sim/simulate.ts';
import { ADVERSARIES } from '../../../src/simulator/index.ts';
import { listen } from './support.ts';

const parse = (...args: readonly string[]) => {
  const heard = listen();
  const parsed = parseSimArguments(args, heard);
  if ('exitCode' in parsed) throw new Error(heard.errors);
  return parsed.arguments;
};

describe('wrong arguments end with exit code 2, name the option, and say what is allowed', () => {
  test.each([
    ['--n 0', /--n .*from 1 to 100/],
    ['--n 4.5', /--n .*from 1 to 100/],
    ['--views none', /--views .*whole number from 1/],
    ['--seeds 0', /--seeds .*whole number from 1/],
    ['--seed -1', /--seed .*whole number from 0/],
    ['--seed 4294967296', /--seed .*to 4294967295/],
    ['--first-seed 4294967295 --seeds 2', /--seeds .*at most 1/],
    ['--adversary liar', /--adversary .*"liar" is none. Allowed: all, none, or some of .*stale-certificates/],
    ['--adversary ,', /--adversary .*names nobody/],
    ['--faults rain', /--faults .*"rain" is none. Allowed: some of calm, stormy, crashes, jealous/],
    ['--scheme rsa', /--scheme .*Allowed choices are any, ed25519, bls12381/],
    ['--jobs 0', /--jobs .*from 1 to/],
    ['--powers 1,0,1,1', /--powers .*Allowed: random, or one whole number/],
    ['--powers 1,2,3', /--powers .*has 3 numbers; allowed: 4/],
    ['--byzantine 1', /--byzantine .*needs --adversary/],
    ['--adversary all --byzantine 2', /--byzantine .*at most 1 of 4/],
    ['--adversary all --n 7 --powers 1,1,1,1,1,1,5 --byzantine 4', /--byzantine .*at most 3 of 7/],
    ['--adversary all --n 3', /--adversary .*none of 3 validators may be Byzantine/],
    ['--seed 1 --seeds 5', /--seeds .*cannot be used with .*--seed/],
    ['--stop-on-failure --keep-going', /--stop-on-failure.* cannot be used with .*--keep-going/],
    ['--trace', /--trace.* needs --seed/],
    ['--html page.html', /--html .*needs --seed/],
    ['--seed 1 --html no/such/folder/page.html', /--html .*no\/such\/folder is no directory/],
    ['--seed 1 --trace --json', /--json.* cannot be used with .*--trace/],
    ['--speed 9', /unknown option '--speed'/],
    ['more', /too many arguments/],
  ])('%s', async (line, complaint) => {
    const heard = listen(() => Promise.reject(new Error('nothing is played')));
    expect(await simulate(line.split(' '), heard)).toBe(2);
    expect(heard.errors).toMatch(complaint);
    expect(heard.errors.trimEnd()).not.toContain('\n');
    expect(heard.out).toBe('');
  });
});

describe('arguments', () => {
  test('that are not given have sensible values', () => {
    expect(parse()).toMatchObject({
      options: {
        n: 4,
        views: 500,
        scheme: 'any',
        adversaries: [],
        byzantine: null,
        powers: null,
        updates: false,
        faults: ['calm'],
      },
      firstSeed: 0,
      seeds: 100,
      keepGoing: false,
      json: false,
      trace: false,
      html: null,
    });
  });

  test.each([
    [''],
    ['--n 7 --views 90 --adversary stale-certificates,equivocator --byzantine 1'],
    ['--adversary all --powers 3,1,1,1 --updates --faults stormy,crashes --scheme bls12381'],
    ['--powers random --faults jealous'],
  ])('come back in the command that replays: %s', (line) => {
    const { options } = parse(...line.split(' ').filter((word) => word !== ''));
    expect(parse(...toArguments(options)).options).toEqual(options);
    expect(replayCommand(7, options, '--trace')).toBe(
      `npm run sim -- --seed 7 ${toArguments(options).join(' ')} --trace`,
    );
  });

  test('are explained, every adversary by name', async () => {
    const heard = listen();
    expect(await simulate(['--help'], heard)).toBe(0);
    for (const name of Object.keys(ADVERSARIES)) expect(heard.out).toContain(name);
    for (const option of [
      '--seeds',
      '--first-seed',
      '--seed',
      '--views',
      '--n',
      '--adversary',
      '--byzantine',
    ]) {
      expect(heard.out).toContain(option);
    }
    expect(heard.out).toContain('Examples:');
  });
});
