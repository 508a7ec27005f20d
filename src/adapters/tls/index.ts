export type { Ending, TlsNetworkEvent } from './events.ts';
export { generateTlsIdentity, type TlsIdentity } from './identity.ts';
export { createTlsNetwork, type TlsNetwork } from './network.ts';
export {
  DEFAULT_TIMING,
  limitsFor,
  type TlsNetworkLimits,
  type TlsNetworkOptions,
  type TlsNetworkTiming,
} from './options.ts';
export type { Refusal, RefusalCode } from './refusal.ts';
export type { ChannelStatistics, PeerStatistics, TlsNetworkStatistics } from './statistics.ts';
