import { testVolume } from './runs.ts';

testVolume(10, 'faults', 0);
