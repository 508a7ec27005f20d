import { describe, expect, test } from 'vitest';
import { coreSizes } from '../../../../src/core/state.ts';
import { createRandom, type Random } from '../../../../src/simulator/random.ts';
import { GoldenWorld, type IsGenuine } from '../../../support/golden-world.ts';

// Whatever peers send in whatever order, the core stops for none of it. Quorums are honest: only certificates of one
// chain, with one update in it, are genuine.

const CHAIN = `
block name=B1 on=genesis only-named
block name=B2 on=PC(1,B1) only-named
block name=B3 on=PC(2,B2) only-named
block name=U on=PC(3,B3) only-named
block name=V on=PC(7,U,decide)/5:0.1.2.3 only-named
block name=W on=PC(8,V)/5:0.1.2.3 only-named
block name=Y on=PC(9,W)/5:0.1.2.3 only-named
block name=F1 on=genesis only-named
block name=F2 on=PC(1,B1) only-named
block name=F3 on=PC(2,F2) only-named
block name=F4 on=PC(3,B3) only-named
block name=F5 on=PC(3,B3) height=9007199254740991 only-named
block name=F6 on=PC(3,B3) height=0 only-named
block name=F7 on=PC(5,U,precommit) only-named
block name=F8 on=PC(5,U) only-named
block name=F9 on=PC(9007199254740991,B1) only-named
`;

/** What a quorum has signed, by the size of its set. U adds r4. */
const GENUINE: Readonly<Record<number, readonly string[]>> = {
  4: ['PC(1,B1)', 'PC(2,B2)', 'PC(3,B3)', 'PC(4,U,prepare)', 'PC(5,U,precommit)', 'PC(6,U,commit)'],
  5: ['PC(7,U,decide)', 'PC(8,V)', 'PC(9,W)', 'PC(10,Y)'],
};
const isGenuine: IsGenuine = (certificate, members) =>
  GENUINE[members]?.includes(certificate) === true || /^TC\([12]?0\)$/.test(certificate);

const BLOCKS = ['B1', 'B2', 'B3', 'U', 'V', 'W', 'Y', ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((at) => `F${at}`)];
const PHASES = ['generic', 'prepare', 'precommit', 'commit', 'decide'];
const SHAPES = ['', '', '', '/5:0.1.2.3', '/5:0.1.2.4', '/4:1.2.3', '/4:', '/3:0.1.2', '/8:0.1.7'];

class Peers {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  of<Item>(items: readonly Item[]): Item {
    return this.#random.pick(items);
  }

  #view(): number {
    return this.below(30) === 0 ? 9_007_199_254_740_991 : this.below(24);
  }

  #pc(): string {
    if (this.below(8) === 0) return 'genesis';
    if (this.below(2) === 0) {
      const members = this.of([4, 5]);
      return `${this.of(GENUINE[members] ?? [])}/${members}:${this.of(['0.1.2.3', '0.1.2.3', '1.2.3'])}`;
    }
    return `PC(${this.#view()},${this.of(BLOCKS)},${this.of(PHASES)})${this.of(SHAPES)}`;
  }

  #tc(): string {
    return `TC(${this.of([0, 10, 20, 30, 5, this.#view()])})${this.of(SHAPES)}`;
  }

  #peer(): string {
    return this.of(['r0', 'r1', 'r2', 'r3', 'r4', 'r9']);
  }

  message(): string {
    const from = this.#peer();
    const view = this.#view();
    const block = this.of(BLOCKS);
    switch (this.below(11)) {
      case 0:
      case 1:
        return `proposal from=${from} view=${view} block=${block}`;
      case 2:
        return `nudge from=${from} view=${view} justify=${this.#pc()}`;
      case 3:
      case 4:
        return `vote from=${from} view=${view} block=${block} phase=${this.of(PHASES)}`;
      case 5:
        return `new-view from=${from} view=${view} highest=${this.#pc()}`;
      case 6:
        return `timeout-vote from=${from} view=${view}${this.below(2) === 0 ? '' : ` tc=${this.#tc()}`}`;
      case 7:
        return `advance from=${from} with=${this.below(2) === 0 ? this.#pc() : this.#tc()}`;
      case 8:
        return this.below(2) === 0
          ? `advertise from=${from} height=${this.below(9)}`
          : `advertise from=${from} highest=${this.#pc()}`;
      case 9:
        return `ask-blocks from=${from} start=${this.below(9)} limit=${this.below(4)}`;
      default:
        return `blocks from=${from} ${this.below(2) === 0 ? this.#honestBlocks() : this.#anyBlocks()}`;
    }
  }

  #anyBlocks(): string {
    const blocks = Array.from({ length: this.below(8) }, () => this.of(BLOCKS));
    return `with=${blocks.join()} highest=${this.#pc()}`;
  }

  #honestBlocks(): string {
    const [blocks, highest] = this.of([
      ['B1,B2,B3', 'PC(3,B3)/4:0.1.2'],
      ['B1,B2,B3,U', 'PC(6,U,commit)/4:0.1.2'],
      ['V,W', 'PC(9,W)/5:0.1.2.3'],
      ['V,W,Y', 'PC(10,Y)/5:0.1.2.3'],
    ] as const);
    return `with=${blocks} highest=${highest}`;
  }
}

function answer(world: GoldenWorld, peers: Peers): readonly string[] {
  switch (peers.below(4)) {
    case 0:
    case 1:
      return world.judge(isGenuine);
    case 2:
      return world.form(isGenuine);
    default: {
      const block = world.toValidate;
      if (block === null) return [];
      if (peers.below(8) === 0) return world.run('no-verdict');
      // What honest quorums have certified is valid everywhere.
      if (block.startsWith('F') && peers.below(2) === 0) return world.run('invalid');
      return world.run(block === 'U' || block === 'F4' ? 'valid update=+r4' : 'valid');
    }
  }
}

function live(
  seed: number,
  me: string,
  steps: number,
): { readonly world: GoldenWorld; readonly said: string[] } {
  const peers = new Peers(seed);
  const world = new GoldenWorld();
  const said: string[] = [];
  for (const line of `world n=4 me=${me} tenure=1 seed=${seed}\n${CHAIN}start`.split('\n'))
    if (line !== '') world.run(line);
  for (let at = 0; at < steps; at++) {
    const kind = peers.below(20);
    if (kind < 9) said.push(...world.run(peers.message()));
    else if (kind < 17) said.push(...answer(world, peers));
    else if (kind < 18) said.push(...world.run('persisted'));
    else if (kind < 19) said.push(...world.run(`wait ${peers.below(300)}`));
    else
      said.push(
        ...world.run(
          `timer ${peers.of(['view', 'relay', 'form-pc', 'new-views', 'fetch', 'sync-trigger', 'advertise'])} after=${peers.below(100)}`,
        ),
      );
    const last = said.at(-1) ?? '';
    if (last.startsWith('HALT')) throw new Error(`seed ${seed}, step ${at}: ${last}`);
  }
  return { world, said };
}

const HONEST = ['r0', 'r1', 'r2', 'r3'];
const BY_HEIGHT = ['B1', 'B2', 'B3', 'U', 'V', 'W', 'Y'];

/** Answers every open request for blocks as a server does that has committed V. */
function serve(world: GoldenWorld): void {
  for (const { to, startHeight } of [...world.core.sync.requests.values()]) {
    const server = HONEST.find((name) => world.idOf(name) === to);
    if (server === undefined) continue;
    const committed = startHeight <= 3;
    const blocks = BY_HEIGHT.slice(startHeight, committed ? 4 : 7);
    const highest = committed ? 'PC(6,U,commit)/4:0.1.2' : 'PC(10,Y)/5:0.1.2.3';
    world.run(`blocks from=${server} with=${blocks.join()} highest=${highest}`);
  }
}

function answerAll(world: GoldenWorld): void {
  for (let rounds = 0; rounds < 100; rounds++) {
    while (world.judge(isGenuine).length > 0);
    while (world.form(isGenuine).length > 0);
    for (let block = world.toValidate; block !== null; block = world.toValidate) {
      world.run(block === 'U' || block === 'F4' ? 'valid update=+r4' : 'valid');
    }
    serve(world);
  }
}

describe('R23: nothing that a peer sends stops the core', () => {
  test.each([
    ['a validator of both sets', 'r0'],
    ['one that joins', 'r4'],
    ['a listener', 'r9'],
  ])('%s', (_, me) => {
    let furthest = -1;
    for (let seed = 1; seed <= 12; seed++) {
      const { world } = live(seed, me, 1_500);
      const { highestCommitted } = world.status;
      const sizes = coreSizes(world.core);
      furthest = Math.max(furthest, highestCommitted?.height ?? -1);
      // B1, B2, B3, U, V is all that the genuine certificates commit.
      expect(highestCommitted?.height ?? -1).toBeLessThanOrEqual(4);
      expect(sizes['waiting']).toBeLessThanOrEqual(16);
      expect(sizes['syncJobs']).toBeLessThanOrEqual(4);
      expect(sizes['syncRequests']).toBeLessThanOrEqual(6);
    }
    // Some get through it all, or the test would show little.
    expect(furthest).toBe(4);
  });

  test('equal inputs give equal effects', () => {
    expect(live(7, 'r0', 800).said).toEqual(live(7, 'r0', 800).said);
  });
});

describe('Catching up', () => {
  test.each([
    ['a validator of both sets', 'r0'],
    ['one that joins', 'r4'],
    ['a listener', 'r9'],
  ])('whatever the past has left behind, honest servers bring it to the end: %s', (_, me) => {
    for (let seed = 100; seed < 140; seed++) {
      const { world } = live(seed, me, 600);
      // Two sync triggers' worth of view times: entries on the blacklist are a preference, open requests end, those to
      // peers that answer nothing too.
      for (let views = 0; views < 40 && world.status.highestCommitted?.height !== 4; views++) {
        if (views % 10 === 9)
          for (const peer of ['r4', 'r9']) world.run(`timer sync-request to=${peer} after=0`);
        world.run('timer sync-trigger after=250');
        world.run('timer fetch after=250');
        for (const peer of HONEST) world.run(`advertise from=${peer} height=4`);
        answerAll(world);
        world.run('timer view after=500');
        answerAll(world);
      }
      expect([seed, world.status.highestCommitted?.height]).toEqual([seed, 4]);
      expect(world.core.sync.jobs).toEqual([]);
    }
  });
});
