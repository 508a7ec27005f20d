import { testVolume } from './runs.ts';

testVolume(4, 'faults', 4);
