import { createHash } from 'node:crypto';
import type { Effect } from '../core/effect.ts';

// Two runs did the same when their effects have the same digests: SHA-256 over the digest before and over the values
// of all effects of a step, each behind a tag of its kind. Values count, not identities: a replayed run shares other
// objects than the recorded one.

export const DIGEST_SIZE = 32;

export interface EffectsDigest {
  /** Of all steps so far, these effects included: 32 bytes. */
  add(effects: readonly Effect[]): Uint8Array;
}

const TAGS = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  number: 4,
  string: 5,
  bytes: 6,
  array: 7,
  map: 8,
  object: 9,
  error: 10,
  known: 11,
} as const;

export function createEffectsDigest(start: Uint8Array = new Uint8Array(DIGEST_SIZE)): EffectsDigest {
  const canonical = new CanonicalBytes();
  let digest = start;
  return {
    add(effects) {
      canonical.restart();
      canonical.value(effects);
      digest = createHash('sha256').update(digest).update(canonical.bytes()).digest();
      return digest;
    },
  };
}

class CanonicalBytes {
  #memory = Buffer.allocUnsafe(64 * 1024);
  #at = 0;
  /** Digests of validator sets and of blocks' data: they are large, immutable and in more than one effect. */
  readonly #known = new WeakMap<object, Uint8Array>();

  restart(): void {
    this.#at = 0;
  }

  bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#at);
  }

  #room(size: number): void {
    if (this.#at + size <= this.#memory.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + size));
    this.#memory.copy(larger, 0, 0, this.#at);
    this.#memory = larger;
  }

  #tag(tag: number): void {
    this.#room(1);
    this.#memory[this.#at++] = tag;
  }

  #number(value: number): void {
    this.#room(8);
    this.#at = this.#memory.writeDoubleLE(value, this.#at);
  }

  #text(text: string): void {
    const size = Buffer.byteLength(text);
    this.#number(size);
    this.#room(size);
    this.#at += this.#memory.write(text, this.#at);
  }

  #raw(bytes: Uint8Array): void {
    this.#number(bytes.length);
    this.#room(bytes.length);
    this.#memory.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return this.#tag(TAGS.undefined);
      case 'boolean':
        return this.#tag(value ? TAGS.true : TAGS.false);
      case 'number':
        this.#tag(TAGS.number);
        return this.#number(value);
      case 'string':
        this.#tag(TAGS.string);
        return this.#text(value);
      case 'object':
        return value === null ? this.#tag(TAGS.null) : this.#object(value);
      default:
        throw new TypeError(`effects are plain data, and have no ${typeof value}`);
    }
  }

  #object(value: object): void {
    if (value instanceof Uint8Array) {
      this.#tag(TAGS.bytes);
      this.#raw(value);
    } else if (Array.isArray(value)) {
      this.#items(value);
    } else if (value instanceof Map) {
      this.#tag(TAGS.map);
      this.#number(value.size);
      for (const entry of value) this.value(entry);
    } else if (value instanceof Error) {
      this.#tag(TAGS.error);
      this.#text(`${value.name}: ${value.message}`);
    } else if (isValidatorSet(value)) {
      this.#knownDigest(value, () => this.#fields(value));
    } else {
      this.#fields(value);
    }
  }

  #items(values: readonly unknown[]): void {
    this.#tag(TAGS.array);
    this.#number(values.length);
    for (const value of values) this.value(value);
  }

  #fields(value: object): void {
    const fields = Object.entries(value);
    this.#tag(TAGS.object);
    this.#number(fields.length);
    for (const [name, field] of fields) {
      this.#text(name);
      if (name === 'data' && Array.isArray(field)) this.#knownDigest(field, () => this.#items(field));
      else this.value(field);
    }
  }

  /** In place of what `write` writes of `value`, its digest. */
  #knownDigest(value: object, write: () => void): void {
    let digest = this.#known.get(value);
    if (digest === undefined) {
      const start = this.#at;
      write();
      digest = createHash('sha256').update(this.#memory.subarray(start, this.#at)).digest();
      this.#at = start;
      this.#known.set(value, digest);
    }
    this.#tag(TAGS.known);
    this.#raw(digest);
  }
}

const isValidatorSet = (value: object): boolean => 'indexOf' in value && 'quorum' in value;
