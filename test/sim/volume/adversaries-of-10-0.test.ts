import { testVolume } from './runs.ts';

testVolume(10, 'adversaries', 0);
