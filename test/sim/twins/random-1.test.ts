import { testRandom } from './shards.ts';

testRandom(1);
