/** What a cluster does at a moment. */
export interface Snapshot {
  readonly seconds: number;
  readonly height: number | null;
  readonly viewsPerSecond: number;
  readonly commandsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Heights by node; null for one that does not answer. */
  readonly nodes: readonly (number | null)[];
}

/** Shows how a cluster does, as it goes. */
export interface Display {
  show(snapshot: Snapshot): void;
  /** A line that stays, above what is redrawn. */
  say(text: string): void;
  /** Ends the redrawing. */
  end(): void;
}

export interface Screen {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

/** A block of lines that is redrawn on a terminal; one line per call elsewhere. */
export function createDisplay(screen: Screen): Display {
  return screen.isTTY ? liveDisplay(screen) : plainDisplay(screen);
}

/** For `--json`: nothing but the result. */
export const silentDisplay: Display = { show: () => {}, say: () => {}, end: () => {} };

function plainDisplay(screen: Screen): Display {
  return {
    show: (snapshot) => void screen.write(`${summary(snapshot)}\n`),
    say: (text) => void screen.write(`${text}\n`),
    end: () => {},
  };
}

const CLEAR_BELOW = '\x1b[J';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

function liveDisplay(screen: Screen): Display {
  let drawn: readonly string[] = [];
  const up = (): string => (drawn.length === 0 ? '' : `\x1b[${drawn.length}A`);
  const draw = (before: string): void => {
    const below = drawn.map((line) => `${line}\n`).join('');
    screen.write(`${HIDE_CURSOR}${before}${CLEAR_BELOW}${below}`);
  };
  return {
    show(snapshot) {
      const start = up();
      drawn = blockOf(snapshot);
      draw(start);
    },
    say(text) {
      if (drawn.length === 0) screen.write(`${text}\n`);
      else draw(`${up()}${CLEAR_BELOW}${text}\n`);
    },
    end() {
      // What is drawn stays; what is said from now on comes below it.
      drawn = [];
      screen.write(SHOW_CURSOR);
    },
  };
}

function blockOf(snapshot: Snapshot): readonly string[] {
  const { seconds, height, viewsPerSecond, commandsPerSecond, p50Ms, p99Ms, nodes } = snapshot;
  return [
    '',
    `  time        ${seconds.toFixed(0)} s`,
    `  height      ${grouped(height)}`,
    `  views/s     ${viewsPerSecond.toFixed(1)}`,
    `  commands/s  ${grouped(Math.round(commandsPerSecond))}`,
    `  latency     p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
    `  nodes       ${nodes.map((each, index) => `${index}: ${each === null ? 'down' : grouped(each)}`).join('   ')}`,
    '',
    '  Ctrl-C stops the cluster.',
  ];
}

function summary({
  seconds,
  height,
  viewsPerSecond,
  commandsPerSecond,
  p50Ms,
  p99Ms,
  nodes,
}: Snapshot): string {
  const down = nodes.flatMap((each, index) => (each === null ? [index] : []));
  return [
    `t=${seconds.toFixed(0)}s`,
    `height=${height ?? '-'}`,
    `views/s=${viewsPerSecond.toFixed(1)}`,
    `commands/s=${commandsPerSecond.toFixed(0)}`,
    `p50=${p50Ms.toFixed(1)}ms`,
    `p99=${p99Ms.toFixed(1)}ms`,
    ...(down.length === 0 ? [] : [`down=${down.join(',')}`]),
  ].join(' ');
}

const grouped = (count: number | null): string => (count === null ? '-' : count.toLocaleString('en'));
