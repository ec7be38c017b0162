import { describe, expect, it } from "vitest";
import { philox4x32 } from "../../../harness/random/philox.ts";

/** Known answers of Random123's `kat_vectors`, philox4x32 10: counter, key, block. */
const KNOWN = [
  "00000000 00000000 00000000 00000000  00000000 00000000  6627e8d5 e169c58d bc57ac4c 9b00dbd8",
  "ffffffff ffffffff ffffffff ffffffff  ffffffff ffffffff  408f276d 41c83b0e a20bc7c6 6d5451fd",
  "243f6a88 85a308d3 13198a2e 03707344  a4093822 299f31d0  d16cfe09 94fdcceb 5001e420 24126ea1",
];

describe("philox4x32", () => {
  it.each(KNOWN)("%s", (line) => {
    const words = line.split(/\s+/).map((word) => Number.parseInt(word, 16));
    const [c0, c1, c2, c3, k0, k1, ...block] = words as [number, number, number, number, number, number];
    const out = new Uint32Array(6);
    philox4x32(c0, c1, c2, c3, k0, k1, out, 1);
    expect([...out]).toEqual([0, ...block, 0]);
  });

  it("takes words as signed numbers too", () => {
    const out = new Uint32Array(8);
    philox4x32(0xdeadbeef, 0xfedcba98, 0x89abcdef, 0x90000000, 0x80000001, 0xffffff00, out, 0);
    philox4x32(
      0xdeadbeef | 0,
      0xfedcba98 | 0,
      0x89abcdef | 0,
      0x90000000 | 0,
      0x80000001 | 0,
      0xffffff00 | 0,
      out,
      4,
    );
    expect(out.slice(4)).toEqual(out.slice(0, 4));
  });
});
