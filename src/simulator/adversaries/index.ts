import type { AdversaryFactory } from '../adversary.ts';
import { badSignatures } from './bad-signatures.ts';
import { chameleon } from './chameleon.ts';
import { courtier } from './courtier.ts';
import { doubleVoter } from './double-voter.ts';
import { equivocator } from './equivocator.ts';
import { fakeSync } from './fake-sync.ts';
import { flooder } from './flooder.ts';
import { foreignDataServer } from './foreign-data-server.ts';
import { forgedCertificates } from './forged-certificates.ts';
import { forgedTimeouts } from './forged-timeouts.ts';
import { forkSeeker } from './fork-seeker.ts';
import { garbage } from './garbage.ts';
import { heightLiar } from './height-liar.ts';
import { hiddenChain } from './hidden-chain.ts';
import { invalidBlocks } from './invalid-blocks.ts';
import { lateVoter } from './late-voter.ts';
import { lyingAdvertiser } from './lying-advertiser.ts';
import { muteServer } from './mute-server.ts';
import { nudger } from './nudger.ts';
import { oldNewViews } from './old-new-views.ts';
import { oneWitness } from './one-witness.ts';
import { partialDelivery } from './partial-delivery.ts';
import { relaySpammer } from './relay-spammer.ts';
import { replayer } from './replayer.ts';
import { retiredKeys } from './retired-keys.ts';
import { silentLeader } from './silent-leader.ts';
import { staleCertificates } from './stale-certificates.ts';
import { staleHeights } from './stale-heights.ts';
import { staleTimeouts } from './stale-timeouts.ts';
import { stingyServer } from './stingy-server.ts';
import { syncHog } from './sync-hog.ts';
import { timeoutSplitter } from './timeout-splitter.ts';
import { twoFacedLeader } from './two-faced-leader.ts';
import { usurper } from './usurper.ts';
import { viewLiar } from './view-liar.ts';
import { voteSplitter } from './vote-splitter.ts';
import { voteWithholder } from './vote-withholder.ts';

/** Every Byzantine behaviour, by name. */
export const ADVERSARIES = {
  'bad-signatures': badSignatures,
  courtier,
  'double-voter': doubleVoter,
  equivocator,
  'fake-sync': fakeSync,
  flooder,
  'foreign-data-server': foreignDataServer,
  'forged-certificates': forgedCertificates,
  'forged-timeouts': forgedTimeouts,
  'fork-seeker': forkSeeker,
  garbage,
  'height-liar': heightLiar,
  'hidden-chain': hiddenChain,
  'invalid-blocks': invalidBlocks,
  'late-voter': lateVoter,
  'lying-advertiser': lyingAdvertiser,
  'mute-server': muteServer,
  nudger,
  'old-new-views': oldNewViews,
  'one-witness': oneWitness,
  'partial-delivery': partialDelivery,
  'relay-spammer': relaySpammer,
  replayer,
  'retired-keys': retiredKeys,
  'silent-leader': silentLeader,
  'stale-certificates': staleCertificates,
  'stale-heights': staleHeights,
  'stale-timeouts': staleTimeouts,
  'stingy-server': stingyServer,
  'sync-hog': syncHog,
  'timeout-splitter': timeoutSplitter,
  'two-faced-leader': twoFacedLeader,
  usurper,
  'view-liar': viewLiar,
  'vote-splitter': voteSplitter,
  'vote-withholder': voteWithholder,
} satisfies Readonly<Record<string, AdversaryFactory>>;

export type AdversaryName = keyof typeof ADVERSARIES;

/** All of them in turn, by the world's seed. */
export const anyAdversary: AdversaryFactory = chameleon(Object.values(ADVERSARIES));
