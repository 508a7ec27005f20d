// Writes what hotstuff_rs is given to read: see README.md.

import { writeFileSync } from 'node:fs';
import { makeOurs, OURS, textOf } from '../test/conformance/hotstuff-rs/vectors.ts';

writeFileSync(OURS, textOf(makeOurs()));
