import { describe, expect, test } from 'vitest';
import { listener, play, sends } from './play.ts';

describe('R18: the server', () => {
  test('serves and advertises what it has committed when the commit can be read from the disk', () => {
    const world = listener(4);
    const effects = play(
      world,
      `persisted
       advance from=r1 with=PC(4,B4)
       certified`,
    );
    expect(effects).toContain('write #10 lazy: commit B2, highest PC(4,B4), lock PC(3,B3), view 5');
    expect(play(world, 'ask-blocks from=r1 start=0 limit=10')).toEqual([
      'serve blocks from 0 to r1 after #10',
    ]);
    expect(sends(play(world, 'timer advertise'), 'advertise(height')).toEqual([
      'send advertise(height 1) -> r1,r0,r2,r3 after #10',
    ]);
  });
});
