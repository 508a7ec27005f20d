import { testVolume } from './runs.ts';

testVolume(4, 'adversaries', 0);
