import { blockHash } from '../../src/codec/block.ts';
import type { TreeDelta } from '../../src/core/block-tree/delta.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { Input, RequestId } from '../../src/core/input.ts';
import type { Recovered, RecoveredBlock } from '../../src/core/recovered.ts';
import type { CoreStatus } from '../../src/core/state.ts';
import { type Core, coreStatus, createCore, step } from '../../src/core/step.ts';
import type { Block } from '../../src/model/block.ts';
import {
  GENESIS_PC,
  GENESIS_RANKED_PC,
  type Phase,
  type PhaseCertificate,
  type ProgressCertificate,
  type RankedPc,
  rankOf,
  type TimeoutCertificate,
} from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS, defaultSettings } from '../../src/model/chain.ts';
import { asChainId, asHeight, asMillis, asView, type ReplicaId } from '../../src/model/ids.ts';
import type { Message } from '../../src/model/messages.ts';
import type { ValidatorSet, ValidatorSetUpdates } from '../../src/model/validator-set.ts';
import {
  dataHashOf,
  firstQuorum,
  idOf,
  PLAIN,
  setOf,
  signed,
  take,
  updatesOf,
  voteOf,
} from './golden-data.ts';
import { GoldenWords } from './golden-words.ts';

const CHAIN = asChainId(7);

type Args = Readonly<Record<string, string>>;

/** Whether a quorum of a set of so many validators has signed what the name says. */
export type IsGenuine = (certificate: string, members: number) => boolean;

/**
 * Runs golden traces: commands that a protocol person can read aloud, each with all effects that the core answers.
 * Replicas are r0, r1, ...; blocks have names; PC(v,B) is a Generic certificate of view v, PC(v,B,commit) another.
 * Certificates are signed by the first so many; PC(v,B)/5:0.2.4 has five slots and signers at these; a further #1 makes
 * the bytes of the signatures others.
 *
 *     world n=4 me=r0 tenure=1 epoch=10            a core that has not started; [powers=5,1,1,1] [seed=1]
 *     block name=B on=PC [update=+r4:5,-r0] [only-named]   a block that a restart finds on disk, unless it is only named
 *     start                                        recovered from a fresh store
 *     restart view=V voted=V:B:phase highest=PC    recovered from a disk with these values; blocks named before are on it
 *             [lock=PC] [tc=TC(v)] [entry=PC|TC(v)] [kept=PC] [proposed=V] [root=B] [set=r0,r1,r4 decided|undecided]
 *     proposal from=r1 view=1 block=B on=PC [height=H] [hash=other]     every message: [bytes=100]
 *     nudge from=r1 view=2 justify=PC
 *     vote from=r2 view=1 block=B [phase=prepare]
 *     new-view from=r2 view=1 highest=PC
 *     timeout-vote from=r2 view=0 [tc=TC(0)]
 *     advance from=r1 with=PC|TC(v) [chain=C]
 *     advertise from=r1 height=H | highest=PC
 *     ask-blocks from=r1 start=H limit=L
 *     blocks from=r1 with=A,B highest=PC           a response to a request for blocks
 *     certified | refused | verdicts 101           the verifier's answer to the oldest check
 *     formed [bad=r2]                              its answer to the oldest request to form a certificate
 *     valid [update=+r4,-r0] | invalid | no-verdict   the app's answer to the oldest block to validate
 *     produced block=B [commands]                  the app's block
 *     timer name [view=V] [to=r1] [after=1000]     the clock reaches a timer, so many ms later; sync-request has a peer
 *     wait ms                                      time passes
 *     persisted                                    everything written so far is durable
 */
export class GoldenWorld {
  #core: Core | null = null;
  #set: ValidatorSet | null = null;
  #n = 4;
  #me: ReplicaId = idOf('r0');
  #lastTicket = 0;
  #written: TreeDelta | null = null;
  readonly #blocks = new Map<string, Block>();
  readonly #words = new GoldenWords(this.#blocks);
  /** Blocks of the disk, by name, with what they do to the validator set. */
  readonly #stored = new Map<string, ValidatorSetUpdates | null>();
  readonly #checks: Extract<Effect, { type: 'check-signatures' }>[] = [];
  readonly #forms: Extract<Effect, { type: 'form-certificate' }>[] = [];
  readonly #validations: Extract<Effect, { type: 'validate-block' }>[] = [];
  readonly #productions: Extract<Effect, { type: 'produce-block' }>[] = [];

  get core(): Core {
    if (this.#core === null) throw new Error('the first command is world');
    return this.#core;
  }

  get status(): CoreStatus {
    return coreStatus(this.core);
  }

  /** What was written last. */
  get written(): TreeDelta | null {
    return this.#written;
  }

  idOf(name: string): ReplicaId {
    return idOf(name);
  }

  hashOf(name: string): Block['hash'] {
    return this.#named(name).hash;
  }

  /** Answers the oldest check by what it is about; nothing when none is open. */
  judge(isGenuine: IsGenuine): readonly string[] {
    const [first] = this.#checks;
    if (first === undefined) return [];
    const bits = first.checks.map((check) =>
      check.type === 'signature' || isGenuine(this.#words.subject(check.subject), check.set.validators.length)
        ? '1'
        : '0',
    );
    return this.run(`verdicts ${bits.join('')}`);
  }

  /** Answers the oldest request to form a certificate: all votes are bad unless it is a genuine one. */
  form(isGenuine: IsGenuine): readonly string[] {
    const [first] = this.#forms;
    if (first === undefined) return [];
    const isGood = isGenuine(this.#words.subject(first.subject), first.set.validators.length);
    const bad = isGood ? [] : first.votes.map(({ signer }) => this.#words.who(signer));
    return this.run(`formed bad=${bad.join(',')}`);
  }

  /** The block that the app is to validate next; null when none is. */
  get toValidate(): string | null {
    const [first] = this.#validations;
    return first === undefined ? null : this.#words.block(first.ask.block.hash);
  }

  /** Runs one command line and returns the effects, a line each. */
  run(line: string): readonly string[] {
    const [name = '', ...words] = line.trim().split(/\s+/);
    const args: Record<string, string> = {};
    for (const word of words) {
      const at = word.indexOf('=');
      args[at < 0 ? word : word.slice(0, at)] = at < 0 ? '' : word.slice(at + 1);
    }
    if (name === 'world') return this.#create(args);
    if (name === 'block') return this.#store(args);
    if (name === 'wait') {
      this.#words.now += Number(words[0]);
      return [];
    }
    return this.#feed(this.#inputOf(name, args)).flatMap((effect) => this.#words.effect(effect));
  }

  #create(args: Args): readonly string[] {
    this.#n = Number(args['n'] ?? 4);
    this.#me = idOf(args['me'] ?? 'r0');
    const powers = args['powers']?.split(',').map(Number) ?? [];
    this.#set = setOf(
      Array.from({ length: this.#n }, (_, at) => `r${at}`),
      powers,
    );
    this.#core = createCore({
      me: this.#me,
      chain: {
        chainId: CHAIN,
        scheme: 'ed25519',
        epochLength: Number(args['epoch'] ?? 10),
        leaderTenure: Number(args['tenure'] ?? 1),
        limits: DEFAULT_LIMITS,
      },
      settings: defaultSettings(1_000),
      seed: Number(args['seed'] ?? 1),
    });
    return [];
  }

  #store(args: Args): readonly string[] {
    const name = args['name'] as string;
    this.#proposed({ ...args, block: name });
    const update = args['update'];
    if (!('only-named' in args)) this.#stored.set(name, update === undefined ? null : updatesOf(update));
    return [];
  }

  #feed(input: Omit<Input, 'now'>): readonly Effect[] {
    const effects = step(this.core, { now: asMillis(this.#words.now), ...input } as Input);
    for (const effect of effects) this.#note(effect);
    return effects;
  }

  #note(effect: Effect): void {
    if (effect.type === 'persist') {
      this.#lastTicket = effect.ticket;
      this.#written = effect.delta;
    }
    if (effect.type === 'check-signatures') this.#checks.push(effect);
    if (effect.type === 'cancel') this.#forget(effect.request);
    if (effect.type === 'form-certificate') this.#forms.push(effect);
    if (effect.type === 'validate-block') this.#validations.push(effect);
    if (effect.type === 'produce-block') this.#productions.push(effect);
  }

  /** The answer would not count any more. */
  #forget(request: RequestId): void {
    for (const open of [this.#checks, this.#forms]) {
      const at = open.findIndex((effect) => effect.request === request);
      if (at >= 0) open.splice(at, 1);
    }
  }

  #inputOf(name: string, args: Args): Omit<Input, 'now'> {
    switch (name) {
      case 'start':
      case 'restart':
        return { type: 'recovered', disk: this.#disk(args) } as Omit<Input, 'now'>;
      case 'persisted':
        return { type: 'persisted', ticket: this.#lastTicket } as Omit<Input, 'now'>;
      case 'certified':
      case 'refused':
      case 'verdicts':
        return this.#checked(name, args);
      case 'formed':
        return this.#formed(args);
      case 'valid':
      case 'invalid':
      case 'no-verdict':
        return this.#validated(name, args);
      case 'produced':
        return this.#produced(args);
      case 'timer':
        return this.#timer(args);
      default:
        return this.#message(name, args);
    }
  }

  #checked(name: string, args: Args): Omit<Input, 'now'> {
    const { request, checks } = take(this.#checks, 'check');
    const bits = name === 'verdicts' ? [...(Object.keys(args)[0] as string)].map(Number) : null;
    const valid = Uint8Array.from(bits ?? checks.map(() => (name === 'certified' ? 1 : 0)));
    return { type: 'signatures-checked', request, valid } as Omit<Input, 'now'>;
  }

  #formed(args: Args): Omit<Input, 'now'> {
    const { request, votes, set } = take(this.#forms, 'request to form');
    const bad = (args['bad'] ?? '').split(',').filter(Boolean).map(idOf);
    const good = votes.filter(({ signer }) => !bad.includes(signer));
    const indexes = good.map(({ signer }) => set.indexOf.get(signer) as number).sort((a, b) => a - b);
    const power = indexes.reduce((sum, at) => sum + (set.validators[at]?.power ?? 0), 0);
    const signatures = power >= set.quorum ? signed(set.validators.length, indexes) : null;
    return { type: 'certificate-formed', request, signatures, badSigners: bad } as Omit<Input, 'now'>;
  }

  #validated(name: string, args: Args): Omit<Input, 'now'> {
    const { request } = take(this.#validations, 'block to validate');
    const update = args['update'];
    const validatorSetUpdates = update === undefined ? null : updatesOf(update);
    const valid = { valid: true, ...PLAIN, validatorSetUpdates, hasCommands: 'commands' in args };
    const validity = name === 'valid' ? valid : name === 'invalid' ? { valid: false } : null;
    return { type: 'block-validated', request, validity } as Omit<Input, 'now'>;
  }

  #produced(args: Args): Omit<Input, 'now'> {
    const asked = this.#productions.pop();
    if (asked === undefined) throw new Error('nothing was asked of the app');
    const { parent } = asked.ask;
    const justify = this.#core?.highestPc.pc ?? GENESIS_PC;
    const name = args['block'] as string;
    const height = asHeight(parent === null ? 0 : parent.height + 1);
    this.#blocks.set(name, this.#block(height, justify, name));
    const block = { ...PLAIN, data: [], dataHash: dataHashOf(name), hasCommands: 'commands' in args };
    return { type: 'block-produced', request: asked.request, block } as Omit<Input, 'now'>;
  }

  #timer(args: Args): Omit<Input, 'now'> {
    const name = Object.keys(args)[0] as string;
    const view = asView(Number(args['view'] || this.core.view));
    this.#words.now += Number(args['after'] ?? 1_000);
    const request = this.core.sync.requests.get(idOf(args['to'] ?? 'r0'))?.request;
    const isOfView = ['view', 'form-pc', 'new-views', 'relay'].includes(name);
    const timer = isOfView ? { type: name, view } : { type: name, request };
    return { type: 'timer-fired', timer } as Omit<Input, 'now'>;
  }

  #message(name: string, args: Args): Omit<Input, 'now'> {
    const from = idOf(args['from'] ?? 'r0');
    return {
      type: 'message-received',
      from,
      message: this.#messageOf(name, args),
      bytes: Number(args['bytes'] ?? 100),
    } as Omit<Input, 'now'>;
  }

  #messageOf(name: string, args: Args): Message {
    const view = asView(Number(args['view'] ?? 0));
    const chainId = asChainId(Number(args['chain'] ?? CHAIN));
    const signature = new Uint8Array(64);
    switch (name) {
      case 'proposal':
        return { type: 'proposal', chainId, view, block: this.#proposed(args) };
      case 'nudge':
        return { type: 'nudge', chainId, view, justify: this.#pc(args['justify'] as string) };
      case 'vote': {
        const phase = (args['phase'] ?? 'generic') as Phase;
        const block = this.#named(args['block'] as string).hash;
        return { type: 'phase-vote', chainId, view, block, phase, signature };
      }
      case 'new-view':
        return { type: 'new-view', chainId, view, highestPc: this.#pc(args['highest'] as string) };
      case 'timeout-vote':
        return {
          type: 'timeout-vote',
          chainId,
          view,
          signature,
          highestTc: args['tc'] ? this.#tc(args['tc'], chainId) : null,
        };
      case 'advance': {
        const text = args['with'] as string;
        const certificate = text.startsWith('TC')
          ? ({ type: 'tc', tc: this.#tc(text, chainId) } as const)
          : ({ type: 'pc', pc: { ...this.#pc(text), chainId } } as const);
        return { type: 'advance-view', certificate };
      }
      case 'advertise':
        return 'height' in args
          ? { type: 'advertise-block', chainId, height: asHeight(Number(args['height'])), signature }
          : { type: 'advertise-pc', highestPc: this.#pc(args['highest'] as string) };
      case 'ask-blocks':
        return {
          type: 'block-sync-request',
          chainId,
          startHeight: asHeight(Number(args['start'])),
          limit: Number(args['limit']),
        };
      case 'blocks': {
        const names = (args['with'] ?? '').split(',').filter(Boolean);
        const highestPc = this.#pc(args['highest'] as string);
        return { type: 'block-sync-response', blocks: names.map((block) => this.#named(block)), highestPc };
      }
      default:
        throw new Error(`no such command: ${name}`);
    }
  }

  #proposed(args: Args): Block {
    const name = args['block'] as string;
    const known = this.#blocks.get(name);
    if (known !== undefined) return known;
    const justify = this.#pc(args['on'] as string);
    const parent = [...this.#blocks.values()].find(({ hash }) => hash === justify.block);
    const height = asHeight(Number(args['height'] ?? (parent === undefined ? 0 : parent.height + 1)));
    const block = this.#block(height, justify, name);
    const made =
      args['hash'] === 'other'
        ? { ...block, hash: blockHash('ed25519', height, justify, dataHashOf('other')) }
        : block;
    this.#blocks.set(name, made);
    return made;
  }

  #block(height: Block['height'], justify: PhaseCertificate, name: string): Block {
    const dataHash = dataHashOf(name);
    return { height, hash: blockHash('ed25519', height, justify, dataHash), justify, dataHash, data: [] };
  }

  #named(name: string): Block {
    const block = this.#blocks.get(name);
    if (block === undefined) throw new Error(`no block is named ${name}`);
    return block;
  }

  #pc(text: string): PhaseCertificate {
    if (text === 'genesis') return GENESIS_PC;
    const [, view, name, phase = 'generic', signers] =
      /^PC\((\d+),(\w+)(?:,(\w+))?\)(?:\/(\S+))?$/.exec(text) ?? [];
    const signatures = this.#signatures(signers);
    const block = this.#named(name as string).hash;
    return { chainId: CHAIN, view: asView(Number(view)), block, phase: phase as Phase, signatures };
  }

  #tc(text: string, chainId = CHAIN): TimeoutCertificate {
    const [, view, signers] = /^TC\((\d+)\)(?:\/(\S+))?$/.exec(text) ?? [];
    return { chainId, view: asView(Number(view)), signatures: this.#signatures(signers) };
  }

  /** `5:0.2.4#1`: slots, signers, and a number that tells byte-wise different signatures apart. */
  #signatures(text: string | undefined): PhaseCertificate['signatures'] {
    if (text === undefined) return signed(this.#n, firstQuorum(this.#set as ValidatorSet));
    const [, slots, signers, salt] = /^(\d+):([\d.]*)(?:#(\d+))?$/.exec(text) ?? [];
    const indexes = (signers ?? '').split('.').filter(Boolean).map(Number);
    return signed(Number(slots), indexes, Number(salt ?? 0));
  }

  #progress(text: string): ProgressCertificate {
    return text.startsWith('TC') ? { type: 'tc', tc: this.#tc(text) } : { type: 'pc', pc: this.#pc(text) };
  }

  #disk(args: Args): Recovered {
    const vote = args['voted']?.split(':');
    const root = args['root'];
    const stored = new Map([...this.#stored.keys()].map((name) => [name, this.#recoveredBlock(name)]));
    const uncommitted = [...stored].flatMap(([name, block]) => (name === root ? [] : [block]));
    return {
      ...this.#recoveredSets(args, stored.get(root ?? '')),
      highestCommitted: stored.get(root ?? '') ?? null,
      uncommitted,
      lockedPc: this.#ranked(args['lock']),
      highestPc: this.#ranked(args['highest']),
      highestTc: args['tc'] === undefined ? null : this.#tc(args['tc']),
      entry:
        args['view'] === undefined
          ? null
          : {
              view: asView(Number(args['view'])),
              certificate: args['entry'] === undefined ? null : this.#progress(args['entry']),
            },
      keptPcs: args['kept'] === undefined ? [] : [{ from: idOf('r1'), pc: this.#pc(args['kept']) }],
      lastVote: vote === undefined ? null : voteOf(vote, (name) => this.#named(name)),
      proposeUpTo: asView(Number(args['proposed'] ?? 0)),
    };
  }

  /** After an update: `set` is the committed set, the world's first one the previous, and the root the update. */
  #recoveredSets(
    args: Args,
    root: RecoveredBlock | undefined,
  ): Pick<Recovered, 'validatorSets' | 'latestUpdate'> {
    const first = this.#set as ValidatorSet;
    if (args['set'] === undefined || root === undefined) {
      const validatorSets = { committed: first, previous: first, updateHeight: null, decided: true };
      return { validatorSets, latestUpdate: null };
    }
    const committed = setOf(args['set'].split(','), []);
    const { height } = root.header;
    return {
      validatorSets: { committed, previous: first, updateHeight: height, decided: 'decided' in args },
      latestUpdate: { block: root, commitPc: this.#pc(args['highest'] as string) },
    };
  }

  #recoveredBlock(name: string): RecoveredBlock {
    const updatesBefore = this.#updatesBefore(name);
    const validatorSetUpdates = this.#stored.get(name) ?? null;
    return { header: this.#named(name), validatorSetUpdates, hasCommands: false, updatesBefore };
  }

  #updatesBefore(name: string): number {
    const parent = this.#words.block(this.#named(name).justify.block);
    if (!this.#stored.has(parent)) return 0;
    return this.#updatesBefore(parent) + (this.#stored.get(parent) === null ? 0 : 1);
  }

  #ranked(text: string | undefined): RankedPc {
    if (text === undefined || text === 'genesis') return GENESIS_RANKED_PC;
    const pc = this.#pc(text);
    return { pc, rank: rankOf(pc, this.#updatesBefore(this.#words.block(pc.block))) };
  }
}
