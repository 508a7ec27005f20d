export { createMemoryStore } from './kv-store.ts';
