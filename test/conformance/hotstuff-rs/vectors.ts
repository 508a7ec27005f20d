import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { signingPreimage } from '../../../src/codec/signing.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import { CHAIN, KEYS, SETS, type SetName } from './cast.ts';
import { encode, encodePc, namedCertificates, namedMessages, subjectOfSigned } from './catalogue.ts';
import { hostileFrames } from './hostile.ts';
import { type Plain, plain } from './plain.ts';
import { plainStep } from './script.ts';
import { scripts } from './scripts.ts';

// The two frozen files: what we wrote, and what hotstuff_rs made of it and wrote itself.

export const OURS: string = fileURLToPath(new URL('vectors/ours.json', import.meta.url));
const THEIRS: string = fileURLToPath(new URL('vectors/hotstuff-rs.json', import.meta.url));

/** What hotstuff_rs read of a message of ours. */
interface Reading {
  readonly name: string;
  readonly value: Plain;
  /** The hash of each block in it, as hotstuff_rs computes it. */
  readonly blockHashes: readonly string[];
  /** The bytes that it signs for such a message, and whether the signature is right; null without a signature. */
  readonly signature: { readonly preimage: string; readonly valid: boolean } | null;
}

/** A message that hotstuff_rs wrote. */
export interface Written {
  readonly name: string;
  readonly frame: string;
  readonly value: Plain;
  readonly blockHashes: readonly string[];
  readonly signature: { readonly signer: string; readonly preimage: string } | null;
  /** Whose slots its certificates have. */
  readonly set: readonly (readonly [id: string, power: string])[];
}

/** What a running replica sent. */
interface Transcript {
  readonly name: string;
  readonly sent: readonly { readonly to: string; readonly frame: string }[];
  readonly answered: readonly { readonly to: string; readonly frame: string }[];
  /** How many values of its block tree were as expected. */
  readonly held: number;
}

export interface Theirs {
  readonly madeBy: string;
  readonly with: Readonly<Record<string, string>>;
  /** SHA-256 of the file of ours that it answers. */
  readonly ours: string;
  readonly readings: readonly Reading[];
  readonly certificates: readonly { readonly name: string; readonly valid: boolean }[];
  readonly hostile: readonly { readonly name: string; readonly verdict: 'accepts' | 'refuses' }[];
  readonly written: readonly Written[];
  readonly replica: readonly Transcript[];
}

export const readTheirs = (): Theirs => JSON.parse(readFileSync(THEIRS, 'utf8'));

/** Everything that we give to hotstuff_rs, made anew with the codec of today. */
export function makeOurs(): Plain {
  return {
    madeBy: 'hotstuff-ts, Ed25519 profile',
    chainId: String(CHAIN),
    keys: KEYS.map(({ name, seed, id }) => ({ name, seed: bytesToHex(seed), id })),
    messages: namedMessages().map(({ name, message, signer }) => ({
      name,
      frame: bytesToHex(encode(message)),
      value: plain(message),
      signature:
        signer === undefined
          ? null
          : { signer, preimage: bytesToHex(signingPreimage('ed25519', subjectOfSigned(message))) },
    })),
    certificates: namedCertificates().map(({ name, set, pc, valid }) => ({
      name,
      set: set.map(([id, power]) => [id, String(power)]),
      pc: bytesToHex(encodePc(pc)),
      verdict: valid ? 'valid' : 'invalid',
    })),
    hostile: hostileFrames().map(({ name, frame, theirs }) => ({ name, frame: bytesToHex(frame), theirs })),
    scripts: scripts().map(({ name, replica, set, settings, steps }) => ({
      name,
      replica,
      validators: membersByName(set),
      settings: plain(settings),
      steps: steps.map(plainStep),
    })),
  };
}

const membersByName = (set: SetName): Plain => plain(Object.entries(SETS[set]));

/** The frozen file's text: one space deep, so that a changed byte is a changed line. */
export const textOf = (value: Plain): string => `${JSON.stringify(value, null, 1)}\n`;
