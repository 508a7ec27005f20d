import type { ReplicaEvent } from '../model/events.ts';
import type { Message } from '../model/messages.ts';
import { describeEvent, describeMessage } from './describe.ts';
import {
  FATES,
  MARK_KINDS,
  type MarkKind,
  MESSAGE_KINDS,
  type RecordedFlight,
  type RecordedMark,
  type RecordedNote,
  type Recording,
} from './recording.ts';
import type { TraceEntry } from './trace.ts';
import type { Flight, Witness, WitnessedWorld } from './witness.ts';

export interface RecorderOptions {
  /** Messages that are kept; the oldest quarter goes, with all of its time, when there are more. */
  readonly maxMessages?: number;
}

/** What a browser still draws with ease, and a file of some 20 MB; a replay shows any earlier part. */
const DEFAULT_MAX_MESSAGES = 400_000;

/** Records a world, for `renderTrace`. One recorder serves one world. */
export interface Recorder extends Witness {
  /** What was seen until now. */
  recording(): Recording;
}

/** Events of a replica that are marks in its lane; others can be seen from its messages. */
const MARK_OF: Partial<Record<ReplicaEvent['type'], MarkKind>> = {
  'view-started': 'view',
  'view-timed-out': 'timeout',
  'timeout-voted': 'timeout',
  proposed: 'proposal',
  nudged: 'proposal',
  'phase-voted': 'vote',
  'pc-collected': 'certificate',
  'tc-collected': 'certificate',
  'locked-pc-updated': 'lock',
  'block-committed': 'commit',
  'validator-set-updated': 'validators',
  'validator-set-decided': 'validators',
  'sync-started': 'sync',
  'sync-ended': 'sync',
  'peer-blacklisted': 'sync',
  'message-rejected': 'rejection',
  'app-failed': 'fault',
  halted: 'fault',
};

/** Thousandths of a millisecond are more than anybody sees. */
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** Indices of texts: many messages say the same. */
class Texts {
  readonly all: string[] = [];
  readonly #indexOf = new Map<string, number>();
  readonly #ofMessage = new WeakMap<Message, number>();

  add(text: string): number {
    const known = this.#indexOf.get(text);
    if (known !== undefined) return known;
    this.#indexOf.set(text, this.all.length);
    return this.all.push(text) - 1;
  }

  addMessage(message: Message): number {
    const known = this.#ofMessage.get(message);
    if (known !== undefined) return known;
    const index = this.add(describeMessage(message));
    this.#ofMessage.set(message, index);
    return index;
  }
}

/** What has been recorded, within the bound. */
class Tape {
  readonly texts = new Texts();
  flights: RecordedFlight[] = [];
  marks: RecordedMark[] = [];
  notes: RecordedNote[] = [];
  startMs = 0;
  readonly #landings = new Map<Flight, RecordedFlight>();
  readonly #maxMessages: number;

  constructor(maxMessages: number) {
    this.#maxMessages = maxMessages;
  }

  note(at: number, text: string): void {
    this.notes.push({ at: rounded(at), text: this.texts.add(text) });
  }

  mark(replica: number, at: number, what: { kind: MarkKind; text: string; view?: number }): void {
    const { kind, text, view = -1 } = what;
    this.marks.push({
      replica,
      at: rounded(at),
      kind: MARK_KINDS.indexOf(kind),
      text: this.texts.add(text),
      view,
    });
  }

  takeOff(flight: Flight): void {
    const recorded: RecordedFlight = {
      from: flight.from,
      to: flight.to,
      kind: MESSAGE_KINDS.indexOf(flight.message.type),
      sentAt: rounded(flight.sentAt),
      dueAt: flight.dueAt === null ? -1 : rounded(flight.dueAt),
      isLate: flight.isLate,
      fate: FATES.indexOf('under way'),
      text: this.texts.addMessage(flight.message),
    };
    this.flights.push(recorded);
    this.#landings.set(flight, recorded);
    if (this.flights.length > this.#maxMessages) this.#forget();
  }

  land(flight: Flight): void {
    const recorded = this.#landings.get(flight);
    if (recorded === undefined) return;
    recorded.fate = FATES.indexOf(flight.fate);
    this.#landings.delete(flight);
  }

  /** Drops the oldest quarter; of each replica its last view and whether it runs stay known, however old. */
  #forget(): void {
    this.flights = this.flights.slice(Math.ceil(this.#maxMessages / 4));
    this.startMs = this.flights[0]?.sentAt ?? this.startMs;
    const isOld = ({ at }: { readonly at: number }): boolean => at < this.startMs;
    const state = new Map<string, RecordedMark>();
    for (const one of this.marks.filter(isOld)) {
      const kind = MARK_KINDS[one.kind];
      if (kind === 'view') state.set(`${one.replica} view`, one);
      if (kind === 'down' || kind === 'boot') state.set(`${one.replica} life`, one);
    }
    const kept = [...state.values()].map((one) => ({ ...one, at: this.startMs }));
    this.marks = [...kept, ...this.marks.filter((one) => !isOld(one))];
    this.notes = this.notes.filter((one) => !isOld(one));
  }
}

function recordingOf(world: WitnessedWorld, tape: Tape): Recording {
  const { seed, genesis, settings, replicas } = world;
  const { scheme, epochLength, leaderTenure } = genesis.chain;
  const powers = new Map(genesis.validators.map(({ id, power }) => [world.nameOf(id), power]));
  return {
    seed,
    scheme,
    viewTimeMs: settings.viewTimeMs,
    epochLength,
    leaderTenure,
    startMs: tape.startMs,
    endMs: rounded(world.now),
    replicas: replicas.map(({ index, isHonest }) => {
      const name = `r${index}`;
      return { name, isHonest, power: powers.get(name) ?? 0 };
    }),
    texts: tape.texts.all,
    flights: tape.flights,
    marks: tape.marks,
    notes: tape.notes,
  };
}

export function createRecorder({ maxMessages = DEFAULT_MAX_MESSAGES }: RecorderOptions = {}): Recorder {
  const tape = new Tape(maxMessages);
  let world: WitnessedWorld | null = null;
  const now = (): number => world?.now ?? 0;
  const onEvent = (replica: number, at: number, event: ReplicaEvent): void => {
    const kind = MARK_OF[event.type];
    if (kind === undefined) return;
    const view = event.type === 'view-started' ? event.view : -1;
    tape.mark(replica, at, { kind, text: describeEvent(event), view });
  };

  return {
    onStart(started) {
      if (world !== null) throw new TypeError('a recorder serves one world');
      world = started;
    },
    onEntry(entry: TraceEntry) {
      if (entry.type === 'world') tape.note(entry.at, entry.text);
      if (entry.type !== 'effect' || entry.replica === null) return;
      const { effect, replica, at } = entry;
      if (effect.type === 'emit') onEvent(replica, at, effect.event);
      if (effect.type === 'halt')
        tape.mark(replica, at, { kind: 'fault', text: `halt: ${effect.fault.message}` });
    },
    onBoot(replica, { view, height }) {
      const text = `boots: view ${view}, ${height < 0 ? 'nothing committed' : `height ${height}`}`;
      tape.mark(replica, now(), { kind: 'boot', text, view });
    },
    onDown: (replica) => tape.mark(replica, now(), { kind: 'down', text: 'goes down' }),
    onSent(flight) {
      if (flight.from !== flight.to) tape.takeOff(flight);
    },
    onLanded: (flight) => tape.land(flight),
    recording() {
      if (world === null) throw new TypeError('give the recorder to a world first: createWorld({ witness })');
      return recordingOf(world, tape);
    },
  };
}
