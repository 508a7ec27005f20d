import { thisProcess } from './process.ts';
import { simulate } from './simulate.ts';

// `npm run sim`

process.exitCode = await simulate(process.argv.slice(2), thisProcess());
