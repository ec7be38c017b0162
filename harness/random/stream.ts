import { boxMuller } from "./box-muller.ts";
import { childKey, type PhiloxKey, seedKey } from "./key.ts";
import { philox4x32 } from "./philox.ts";

/**
 * Random numbers that are a pure function of a seed, a path of keys and how many were drawn before:
 * the same bits on every machine, thread count and order of calls. Not for secrets.
 *
 * The seed and the path fold to a 64-bit Philox4x32-10 key (key.ts); the counter counts blocks of four
 * 32-bit words w, read in order:
 * `uniform` takes one word, w/2³²; `fillUniform` the same words cut to 24 bits, ⌊w/2⁸⌋/2²⁴, so that
 * float32 stays below 1; `normal` takes a pair of words (the first at an even place; a word before it is
 * skipped) and gives two normals, see box-muller.ts; `integer` one word or, to stay unbiased, several.
 */
export interface Stream {
  /** An independent stream for these further keys; which other streams were drawn from does not matter. */
  stream(...keys: readonly (string | number)[]): Stream;
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in 0 … n−1, for n in 1 … 2³². */
  integer(n: number): number;
  fillUniform(out: Float32Array): void;
  /** As many `normal()`s, rounded to float32. */
  fillNormal(out: Float32Array): void;
  /** A uniformly random order of 0 … n−1. */
  permutation(n: number): Int32Array;
}

/** `createStream(s, a).stream(b)` and `createStream(s, a, b)` are the same stream; 1 and "1" are different keys. */
export function createStream(seed: number, ...keys: readonly (string | number)[]): Stream {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`a seed must be an integer, got ${seed}`);
  return new PhiloxStream(keys.reduce(childKey, seedKey(seed)));
}

const WORDS_PER_BLOCK = 4;
/** Words turned into normals at a time: 12 KB of scratch, within a first-level cache. */
const CHUNK = 1024;
const words = new Uint32Array(CHUNK);
const normals = new Float64Array(CHUNK);

class PhiloxStream implements Stream {
  readonly #key: PhiloxKey;
  /** The block to be made next. */
  #block = 0;
  readonly #words = new Uint32Array(WORDS_PER_BLOCK);
  /** The word to be read next. */
  #position = WORDS_PER_BLOCK;
  /** The second normal of a pair. */
  #spare: number | null = null;

  constructor(key: PhiloxKey) {
    this.#key = key;
  }

  stream(...keys: readonly (string | number)[]): Stream {
    return new PhiloxStream(keys.reduce(childKey, this.#key));
  }

  uniform(): number {
    return this.#word() / 2 ** 32;
  }

  normal(): number {
    const spare = this.#spare;
    if (spare !== null) {
      this.#spare = null;
      return spare;
    }
    this.#position += this.#position & 1;
    if (this.#position === WORDS_PER_BLOCK) this.#nextBlock();
    boxMuller(this.#words, this.#position, 2, normals);
    this.#position += 2;
    this.#spare = normals[1]!;
    return normals[0]!;
  }

  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
      throw new RangeError(`integer(n) needs an integer n in 1 … 2³², got ${n}`);
    // The words from the largest multiple of n on would favour the small remainders.
    const end = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const word = this.#word();
      if (word < end) return word % n;
    }
  }

  fillUniform(out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = (this.#word() >>> 8) / 2 ** 24;
  }

  fillNormal(out: Float32Array): void {
    let filled = 0;
    while (filled < out.length && (this.#spare !== null || this.#position < WORDS_PER_BLOCK))
      out[filled++] = this.normal();
    while (out.length - filled >= WORDS_PER_BLOCK) {
      const count = Math.min(CHUNK, out.length - filled) & ~(WORDS_PER_BLOCK - 1);
      this.#blocks(words, count);
      boxMuller(words, 0, count, normals);
      out.set(count === CHUNK ? normals : normals.subarray(0, count), filled);
      filled += count;
    }
    while (filled < out.length) out[filled++] = this.normal();
  }

  permutation(n: number): Int32Array {
    // Fisher & Yates, as Durstenfeld (1964) runs it in place.
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const moved = order[i]!;
      order[i] = order[j]!;
      order[j] = moved;
    }
    return order;
  }

  #word(): number {
    if (this.#position === WORDS_PER_BLOCK) this.#nextBlock();
    return this.#words[this.#position++]!;
  }

  #nextBlock(): void {
    this.#blocks(this.#words, WORDS_PER_BLOCK);
    this.#position = 0;
  }

  /** The next `count`/4 blocks. */
  #blocks(out: Uint32Array, count: number): void {
    const [k0, k1] = this.#key;
    for (let at = 0; at < count; at += WORDS_PER_BLOCK) {
      const block = this.#block++;
      philox4x32(block | 0, Math.floor(block / 2 ** 32), 0, 0, k0, k1, out, at);
    }
  }
}
