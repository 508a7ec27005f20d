import type { Sink } from './surroundings.ts';

/** A terminal's line changes so often; a pipe or a log of CI gets a line so often. */
const TERMINAL_EVERY_MS = 250;
const LOG_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\u001b[2K';

/** Says how far a campaign is: one line that changes on a terminal, a line now and then elsewhere. */
export interface Display {
  /** Prints above the changing line. */
  say(text: string): void;
  end(): void;
}

/** `line` is asked for whenever it is shown. */
export function createDisplay(sink: Sink, line: () => string): Display {
  const show = (): void => {
    if (!sink.isTTY) sink.write(`${line()}\n`);
    else sink.write(`${CLEAR_LINE}${line().slice(0, sink.columns - 1)}`);
  };
  const timer = setInterval(show, sink.isTTY ? TERMINAL_EVERY_MS : LOG_EVERY_MS);
  if (sink.isTTY) show();
  return {
    say(text) {
      sink.write(`${sink.isTTY ? CLEAR_LINE : ''}${text}\n`);
      if (sink.isTTY) show();
    },
    end() {
      clearInterval(timer);
      if (sink.isTTY) sink.write(CLEAR_LINE);
    },
  };
}

/** Such as `12,345`. */
export const whole = (value: number): string => `${Math.round(value)}`.replaceAll(/\B(?=(\d{3})+$)/g, ',');

/** Such as `4 s`, `3:07`, `2:15:09`. */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  if (total < 60) return `${total} s`;
  const two = (value: number): string => `${value}`.padStart(2, '0');
  const [hours, minutes] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60];
  const rest = two(total % 60);
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${two(minutes)}:${rest}`;
}

export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${whole(value)} ${value === 1 ? one : many}`;
