import { playLong } from './long.ts';
import { thisProcess } from './process.ts';

// `npm run test:long`

process.exitCode = await playLong(process.argv.slice(2), thisProcess());
