/**
 * Runs a recorded trace through the protocol again and shows what it did: `traceDir` of `startReplica` records them.
 *
 *     npx tsx examples/replay-trace.ts FILE
 */
import { replayTrace } from 'hotstuff-ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: replay-trace.ts FILE');
  process.exit(2);
}

const { inputs, difference, isCut } = await replayTrace(file, {
  onStep({ now, type }, effects) {
    const events = effects.flatMap((effect) => (effect.type === 'emit' ? [effect.event.type] : []));
    console.log(
      `${now.toFixed(1).padStart(12)} ms  ${type}${events.length > 0 ? ': ' : ''}${events.join(', ')}`,
    );
  },
});
console.log(`${inputs} inputs${isCut ? ', the last record is cut off' : ''}`);
if (difference !== null) {
  console.error(`input ${difference.index} led to other effects than recorded`);
  process.exit(1);
}
