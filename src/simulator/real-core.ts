import { coreSizes, coreStatus, createCore } from '../core/state.ts';
import { step } from '../core/step.ts';
import type { MakeCore } from './simulated-core.ts';

/** The core that ships. */
export const realCore: MakeCore = (config) => {
  const core = createCore(config);
  return { step: (input) => step(core, input), status: () => coreStatus(core), sizes: () => coreSizes(core) };
};
