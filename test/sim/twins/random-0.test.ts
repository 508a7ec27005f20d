import { testRandom } from './shards.ts';

testRandom(0);
