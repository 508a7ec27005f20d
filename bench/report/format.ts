import type { Unit } from '../result.ts';

/** A value with three digits and its unit. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'us':
      return formatTime(value);
    case 'ms':
      return formatTime(1_000 * value);
    case 'bytes':
      return `${grouped(value)} B`;
    default:
      return `${value < 100 ? digits(value) : grouped(Math.round(value))} ${unit}`;
  }
}

/** A time in microseconds. */
export function formatTime(us: number): string {
  if (us < 1) return `${digits(us * 1e3)} ns`;
  if (us < 1e3) return `${digits(us)} us`;
  if (us < 1e6) return `${digits(us / 1e3)} ms`;
  return `${digits(us / 1e6)} s`;
}

export const formatRatio = (ratio: number): string =>
  `${ratio >= 100 ? grouped(Math.round(ratio)) : digits(ratio)}x`;

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

const grouped = (value: number): string => `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ',');
