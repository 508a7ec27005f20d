import { defaultSettings, type LocalSettings } from '../model/chain.ts';
import { ConfigError } from '../model/errors.ts';

/** Timers below this are not kept by any system. */
const MIN_VIEW_TIME_MS = 10;

/** A day: no setting needs more, and all sums of times stay exact. */
const MAX_DURATION_MS = 24 * 60 * 60 * 1_000;

const MAX_COUNT = 1_000_000;

type Bounds = readonly [least: number, most: number];

const DURATION: Bounds = [MIN_VIEW_TIME_MS, MAX_DURATION_MS];

const BOUNDS: { readonly [Name in keyof LocalSettings]: Bounds } = {
  viewTimeMs: DURATION,
  syncTriggerMs: DURATION,
  syncMinViewDifference: [1, MAX_COUNT],
  advertiseIntervalMs: DURATION,
  syncRequestTimeoutMs: DURATION,
  blacklistMs: [0, MAX_DURATION_MS],
  syncRequestLimit: [1, MAX_COUNT],
};

/**
 * `given` over the defaults for its view time. Throws `ConfigError` when a setting is unknown, no whole number or out
 * of its bounds.
 */
export function settingsFrom(given: Partial<LocalSettings> = {}): LocalSettings {
  for (const [name, value] of Object.entries(given)) {
    const field = `settings.${name}`;
    const bounds = (BOUNDS as Readonly<Record<string, Bounds | undefined>>)[name];
    if (bounds === undefined) {
      throw new ConfigError(field, `there is no such setting; there are ${Object.keys(BOUNDS).join(', ')}`);
    }
    const [least, most] = bounds;
    if (!(Number.isInteger(value) && value >= least && value <= most)) {
      throw new ConfigError(field, `must be a whole number from ${least} to ${most}, not ${String(value)}`);
    }
  }
  return { ...defaultSettings(given.viewTimeMs), ...given };
}
