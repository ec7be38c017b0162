/** Philox's multipliers. */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
/** What the two halves of the key grow by each round (golden ratio, √3 − 1). */
const WEYL0 = 0x9e3779b9;
const WEYL1 = 0xbb67ae85;
const ROUNDS = 10;
const INVERSE_WORD = 2 ** -32;

/**
 * One block of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", §3.4):
 * 128 bits of counter (c0 lowest) and 64 bits of key to four 32-bit words, at `out[at]` … `out[at + 3]`.
 */
export function philox4x32(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
  at: number,
): void {
  c0 >>>= 0;
  c2 >>>= 0;
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = Math.imul(c0, M0) >>> 0;
    const low1 = Math.imul(c2, M1) >>> 0;
    // A product of words has 64 bits, a double 53: it and the difference are each off by at most 2¹⁰, so the
    // high word by 2⁻²¹, which half a unit more and the cut undo.
    const high0 = (c0 * M0 - low0) * INVERSE_WORD + 0.5;
    const high1 = (c2 * M1 - low1) * INVERSE_WORD + 0.5;
    c0 = ((high1 >>> 0) ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = ((high0 >>> 0) ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL0) | 0;
    k1 = (k1 + WEYL1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
