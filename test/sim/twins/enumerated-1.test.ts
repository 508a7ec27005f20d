import { testEnumerated } from './shards.ts';

testEnumerated(1);
