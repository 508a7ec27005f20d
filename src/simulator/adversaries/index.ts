import type { AdversaryFactory } from '../adversary.ts';
import { courtier } from './courtier.ts';
import { fakeSync } from './fake-sync.ts';
import { heightLiar } from './height-liar.ts';
import { hiddenChain } from './hidden-chain.ts';
import { partialDelivery } from './partial-delivery.ts';

/** Every Byzantine behaviour, by name. */
export const ADVERSARIES: Readonly<Record<string, AdversaryFactory>> = {
  courtier,
  'fake-sync': fakeSync,
  'height-liar': heightLiar,
  'hidden-chain': hiddenChain,
  'partial-delivery': partialDelivery,
};
