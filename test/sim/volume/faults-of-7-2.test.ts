import { testVolume } from './runs.ts';

testVolume(7, 'faults', 2);
