import { testVolume } from './runs.ts';

testVolume(7, 'adversaries', 0);
