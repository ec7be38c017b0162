/** Low and high halves of 0xD2511F53 and 0xCD9E8D57, Philox's multipliers. */
const M0 = 0xd2511f53;
const M0_LOW = 0x1f53;
const M0_HIGH = 0xd251;
const M1 = 0xcd9e8d57;
const M1_LOW = 0x8d57;
const M1_HIGH = 0xcd9e;
/** What the two halves of the key grow by each round (golden ratio, √3 − 1). */
const WEYL0 = 0x9e3779b9;
const WEYL1 = 0xbb67ae85;
const ROUNDS = 10;

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
  for (let round = 0; round < ROUNDS; round++) {
    // A 32 × 32-bit product's high word by schoolbook on 16-bit halves: no partial sum passes 32 bits.
    const c0Low = c0 & 0xffff;
    const c0High = c0 >>> 16;
    const middle0 = Math.imul(c0High, M0_LOW) + (Math.imul(c0Low, M0_LOW) >>> 16);
    const cross0 = Math.imul(c0Low, M0_HIGH) + (middle0 & 0xffff);
    const high0 = Math.imul(c0High, M0_HIGH) + (middle0 >>> 16) + (cross0 >>> 16);

    const c2Low = c2 & 0xffff;
    const c2High = c2 >>> 16;
    const middle1 = Math.imul(c2High, M1_LOW) + (Math.imul(c2Low, M1_LOW) >>> 16);
    const cross1 = Math.imul(c2Low, M1_HIGH) + (middle1 & 0xffff);
    const high1 = Math.imul(c2High, M1_HIGH) + (middle1 >>> 16) + (cross1 >>> 16);

    const low0 = Math.imul(c0, M0);
    const low1 = Math.imul(c2, M1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL0) | 0;
    k1 = (k1 + WEYL1) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
