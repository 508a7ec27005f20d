import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ADVERSARIES, type AdversaryName } from '../src/simulator/index.ts';
import { faultyPowerOf } from './membership.ts';
import { mostByzantine } from './plan.ts';
import {
  DEFAULTS,
  FAULT_KINDS,
  type FaultKind,
  hasAdversaries,
  MAX_SEED,
  type RunOptions,
  SCHEMES,
} from './run-options.ts';
import type { Sink } from './surroundings.ts';

/** Validators that a simulated world is reasonable with: messages grow with their square. */
const MAX_VALIDATORS = 100;
const MAX_VIEWS = 100_000_000;
const MAX_POWER = 1_000_000;
/** More processes than cores only get into each other's way. */
const MAX_JOBS = 256;

/** What `npm run sim` was asked for. */
export interface SimArguments {
  readonly options: RunOptions;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly trace: boolean;
  readonly html: string | null;
}

/** Arguments, or with what exit code the command ends after it said what is wrong, or printed its help. */
export type Parsed<Arguments> = { readonly arguments: Arguments } | { readonly exitCode: 'fine' | 'usage' };

function wholeFrom(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export const wholeOption = (flags: string, text: string, least: number, most: number): Option =>
  new Option(flags, text).argParser(wholeFrom(least, most));

export const jobsOption = (): Option =>
  wholeOption('--jobs <n>', 'processes that play seeds', 1, MAX_JOBS).default(
    availableParallelism(),
    'one per core',
  );

const itemsOf = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function adversariesFrom(value: string): RunOptions['adversaries'] {
  const names = itemsOf(value);
  if (names.includes('all')) return 'all';
  if (names.length === 1 && names[0] === 'none') return [];
  const unknown = names.find((name) => !Object.hasOwn(ADVERSARIES, name));
  if (names.length > 0 && unknown === undefined) return names as readonly AdversaryName[];
  throw new InvalidArgumentError(
    `${unknown === undefined ? 'It names nobody.' : `"${unknown}" is none.`} Allowed: all, none, or some of ${Object.keys(ADVERSARIES).join(', ')}.`,
  );
}

function faultsFrom(value: string): readonly FaultKind[] {
  const kinds = itemsOf(value);
  const isKind = (item: string): item is FaultKind => (FAULT_KINDS as readonly string[]).includes(item);
  const unknown = kinds.find((kind) => !isKind(kind));
  if (kinds.length > 0 && unknown === undefined) return kinds.filter(isKind);
  throw new InvalidArgumentError(
    `${unknown === undefined ? 'It names none.' : `"${unknown}" is none.`} Allowed: some of ${FAULT_KINDS.join(', ')}.`,
  );
}

function powersFrom(value: string): RunOptions['powers'] {
  if (value === 'random') return value;
  const powers = itemsOf(value).map(Number);
  if (powers.every((power) => Number.isInteger(power) && power >= 1 && power <= MAX_POWER)) return powers;
  throw new InvalidArgumentError(
    `Allowed: random, or one whole number from 1 to ${MAX_POWER} per validator, as in 3,1,1,1.`,
  );
}

/** Options that say what every seed's run is like. */
function addRunOptions(command: Command): Command {
  return command
    .addOption(
      wholeOption('--views <n>', 'a run ends when a replica enters this view', 1, MAX_VIEWS).default(
        DEFAULTS.views,
      ),
    )
    .addOption(wholeOption('--n <n>', 'validators', 1, MAX_VALIDATORS).default(DEFAULTS.n))
    .addOption(
      new Option(
        '--adversary <names>',
        'what Byzantine replicas do: all, none, or names with commas in between',
      )
        .argParser(adversariesFrom)
        .default(DEFAULTS.adversaries, 'none'),
    )
    .addOption(
      wholeOption(
        '--byzantine <n>',
        'Byzantine replicas at most (default: as many as their power allows)',
        1,
        MAX_VALIDATORS,
      ),
    )
    .addOption(
      new Option(
        '--powers <powers>',
        'of the validators: random, or numbers with commas in between (default: all 1)',
      ).argParser(powersFrom),
    )
    .option(
      '--updates',
      'the validator set changes throughout: members join, leave, change powers, are replaced',
    )
    .addOption(
      new Option('--faults <kinds>', `with commas in between: ${FAULT_KINDS.join(', ')}`)
        .argParser(faultsFrom)
        .default(DEFAULTS.faults, DEFAULTS.faults.join()),
    )
    .addOption(
      new Option('--scheme <scheme>', 'signatures, by a fast stand-in')
        .choices(SCHEMES)
        .default(DEFAULTS.scheme),
    );
}

interface Flags {
  readonly seeds?: number;
  readonly firstSeed?: number;
  readonly seed?: number;
  readonly views: number;
  readonly n: number;
  readonly adversary: RunOptions['adversaries'];
  readonly byzantine?: number;
  readonly powers?: RunOptions['powers'];
  readonly updates?: boolean;
  readonly faults: readonly FaultKind[];
  readonly scheme: RunOptions['scheme'];
  readonly jobs: number;
  readonly keepGoing?: boolean;
  readonly json?: boolean;
  readonly trace?: boolean;
  readonly html?: string;
}

const DEFAULT_SEEDS = 100;

function simCommand(): Command {
  const command = new Command('npm run sim --')
    .usage('[options]')
    .description(
      'Plays clusters in simulated time, each from a seed, with the real core under faults and lies, and watches that no\nrule is broken: agreement, validity, durability, recovery, the invariants, bounds, liveness.',
    )
    .addOption(
      wholeOption('--seeds <n>', `seeds to play (default: ${DEFAULT_SEEDS})`, 1, MAX_SEED + 1).conflicts(
        'seed',
      ),
    )
    .addOption(
      wholeOption('--first-seed <n>', 'the first of them (default: 0)', 0, MAX_SEED).conflicts('seed'),
    )
    .addOption(wholeOption('--seed <n>', 'play this seed alone', 0, MAX_SEED));
  return addRunOptions(command)
    .addOption(jobsOption())
    .addOption(
      new Option('--stop-on-failure', 'stop at the first violation (the default)').conflicts('keepGoing'),
    )
    .option('--keep-going', 'play all seeds, whatever happens')
    .option('--trace', 'print everything that happens; with --seed')
    .option('--html <file>', 'write everything that happens as a page to browse; with --seed')
    .addOption(new Option('--json', 'print one JSON object at the end, and nothing else').conflicts('trace'))
    .addHelpText('after', HELP);
}

const HELP = `
Faults:
  calm      messages arrive in time, in the way that the seed draws
  stormy    again and again, messages are lost, late, and doubled
  crashes   again and again, replicas crash and restart, and partitions come and go
  jealous   whoever alone knows the latest commit is cut off

Adversaries: ${wrapped(Object.keys(ADVERSARIES), 2)}

What the options leave open (delays, leader tenure, epochs, load, the scheme, who is Byzantine) is drawn from the seed.
The same seed and options give the same run, byte for byte. Exit code 1 on a violation, 2 on wrong usage.

Examples:
  npm run sim                                                      100 seeds, four replicas
  npm run sim -- --seeds 1000 --views 500 --n 7 --adversary stale-certificates,equivocator
  npm run sim -- --seeds 1000 --adversary all --updates --faults stormy,crashes --keep-going
  npm run sim -- --n 4 --powers 3,2,2,1 --adversary all --json
  npm run sim -- --seed 17 --adversary all --trace | less
  npm run sim -- --seed 17 --adversary all --html seed-17.html`;

function wrapped(words: readonly string[], indent: number): string {
  const width = 100;
  const lines: string[] = [''];
  for (const [at, word] of words.entries()) {
    const text = at === words.length - 1 ? word : `${word}, `;
    if (`${lines.at(-1)}${text}`.length > width) lines.push('');
    lines[lines.length - 1] += text;
  }
  return lines.map((line) => `\n${' '.repeat(indent)}${line.trimEnd()}`).join('');
}

/** What is wrong between options that are fine by themselves; null when nothing is. */
function conflictIn(flags: Flags): string | null {
  const { n, powers, byzantine, seed, firstSeed = 0, seeds = DEFAULT_SEEDS } = flags;
  if (Array.isArray(powers) && powers.length !== n)
    return `option '--powers <powers>' has ${powers.length} numbers; allowed: ${n}, one per validator (--n ${n})`;
  if (flags.trace === true && seed === undefined) return `option '--trace' needs --seed: one run is printed`;
  if (flags.html !== undefined && seed === undefined)
    return `option '--html <file>' needs --seed: one run is drawn`;
  if (firstSeed + seeds - 1 > MAX_SEED)
    return `option '--seeds <n>' goes too far: seeds from ${firstSeed} on end at ${MAX_SEED}; allowed: at most ${MAX_SEED - firstSeed + 1}`;
  if (!hasAdversaries({ adversaries: flags.adversary })) {
    return byzantine === undefined ? null : `option '--byzantine <n>' needs --adversary: what shall they do?`;
  }
  const set = Array.isArray(powers) ? powers : new Array<number>(n).fill(1);
  const most = mostByzantine(set);
  if (powers === 'random') return null;
  if (most === 0)
    return `option '--adversary <names>': none of ${n} validators may be Byzantine, less than a third of the power; allowed: --n of 4 or more, or --powers in which one has less`;
  return byzantine === undefined || byzantine <= most
    ? null
    : `option '--byzantine <n>': ${byzantine} is too many; allowed: at most ${most} of ${n}, whose power is ${faultyPowerOf(set.reduce((sum, power) => sum + power, 0))} or less together`;
}

/** Whether a file can be written there, as far as can be told now. */
function placeFault(file: string): string | null {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
    return null;
  } catch {
    return `option '--html <file>': ${dirname(resolve(file))} is no directory that can be written to; allowed: a file in one that can`;
  }
}

/** Lets `command` read `args`; what it says goes to `stdout` (its help) or `stderr`. */
export function parseWith<Flags extends object>(
  name: string,
  command: Command,
  args: readonly string[],
  sinks: { readonly stdout: Sink; readonly stderr: Sink },
  conflictOf: (flags: Flags) => string | null,
): { readonly flags: Flags } | { readonly exitCode: 'fine' | 'usage' } {
  command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => sinks.stdout.write(text),
      writeErr: (text) => sinks.stderr.write(text),
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, `${name}: `)
            .trim()
            .replaceAll(/\s*\n\s*/g, ' ')} (--help tells more)\n`,
        ),
    });
  try {
    const flags = command.parse(args, { from: 'user' }).opts<Flags>();
    const conflict = conflictOf(flags);
    if (conflict !== null) command.error(`error: ${conflict}`);
    return { flags };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 'fine' : 'usage' };
  }
}

export function parseSimArguments(
  args: readonly string[],
  sinks: { readonly stdout: Sink; readonly stderr: Sink },
): Parsed<SimArguments> {
  const parsed = parseWith<Flags>(
    'sim',
    simCommand(),
    args,
    sinks,
    (flags) => conflictIn(flags) ?? (flags.html === undefined ? null : placeFault(flags.html)),
  );
  if ('exitCode' in parsed) return parsed;
  const { flags } = parsed;
  const {
    n,
    views,
    scheme,
    adversary,
    byzantine = null,
    powers = null,
    updates = false,
    faults,
    seed,
  } = flags;
  return {
    arguments: {
      options: { n, views, scheme, adversaries: adversary, byzantine, powers, updates, faults },
      firstSeed: seed ?? flags.firstSeed ?? 0,
      seeds: seed === undefined ? (flags.seeds ?? DEFAULT_SEEDS) : 1,
      jobs: flags.jobs,
      keepGoing: flags.keepGoing === true,
      json: flags.json === true,
      trace: flags.trace === true,
      html: flags.html === undefined ? null : resolve(flags.html),
    },
  };
}
