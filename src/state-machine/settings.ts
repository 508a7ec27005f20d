import { ConfigError } from '../model/errors.ts';
import {
  DEFAULT_STATE_MACHINE_SETTINGS,
  type StateMachineDefinition,
  type StateMachineSettings,
} from './definition.ts';

/** `given` over the defaults. Throws `ConfigError` when a setting is unknown, or no whole number of 1 or more. */
export function settingsFrom(given: Partial<StateMachineSettings> = {}): StateMachineSettings {
  for (const [name, value] of Object.entries(given)) {
    const field = `settings.${name}`;
    if (!Object.hasOwn(DEFAULT_STATE_MACHINE_SETTINGS, name)) {
      const names = Object.keys(DEFAULT_STATE_MACHINE_SETTINGS).join(', ');
      throw new ConfigError(field, `there is no such setting; there are ${names}`);
    }
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new ConfigError(field, `must be a whole number of 1 or more, not ${String(value)}`);
    }
  }
  return { ...DEFAULT_STATE_MACHINE_SETTINGS, ...given };
}

/** Throws `ConfigError` unless commands have a meaning: callers in JavaScript may give anything. */
export function checkDefinition({ apply, validatorRules }: StateMachineDefinition): void {
  if (typeof apply !== 'function')
    throw new ConfigError('apply', 'is missing; give a function of a command and a state');
  if (validatorRules === undefined) return;
  if (typeof validatorRules.checkPossession !== 'function') {
    const remedy = 'give possessionCheck(scheme) of hotstuff-ts/native';
    throw new ConfigError('validatorRules.checkPossession', `is missing; ${remedy}`);
  }
  if (typeof validatorRules.chain !== 'object' || validatorRules.chain === null)
    throw new ConfigError('validatorRules.chain', 'is missing; give the chain of the genesis document');
}
