export { createMemoryStore } from './kv-store.ts';
export { createMemoryNetworkHub, type MemoryNetworkHub } from './network.ts';
