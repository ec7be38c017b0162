import fc from "fast-check";
import type { ElementType, NumericArray, NumericData } from "../../../harness/formats/numeric-array.ts";

type Maker = (n: number) => fc.Arbitrary<NumericData>;

const exactly = (n: number) => ({ minLength: n, maxLength: n });
const bigint64 = (n: number, signed: boolean) =>
  fc.array(signed ? fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) : fc.bigInt(0n, 2n ** 64n - 1n), exactly(n));

const MAKERS: Readonly<Record<ElementType, Maker>> = {
  float64: (n) => fc.float64Array(exactly(n)),
  float32: (n) => fc.float32Array(exactly(n)),
  float16: (n) => fc.uint16Array(exactly(n)),
  bfloat16: (n) => fc.uint16Array(exactly(n)),
  int64: (n) => bigint64(n, true).map((values) => BigInt64Array.from(values)),
  uint64: (n) => bigint64(n, false).map((values) => BigUint64Array.from(values)),
  int32: (n) => fc.int32Array(exactly(n)),
  uint32: (n) => fc.uint32Array(exactly(n)),
  int16: (n) => fc.int16Array(exactly(n)),
  uint16: (n) => fc.uint16Array(exactly(n)),
  int8: (n) => fc.int8Array(exactly(n)),
  uint8: (n) => fc.uint8Array(exactly(n)),
  bool: (n) => fc.uint8Array({ ...exactly(n), max: 1 }),
};

export const ELEMENT_TYPES = Object.keys(MAKERS) as ElementType[];

const shapes = fc.array(fc.nat(4), { maxLength: 4 });

/** Arrays of any of these types, of up to four axes. */
export const arrays = (types: readonly ElementType[] = ELEMENT_TYPES): fc.Arbitrary<NumericArray> =>
  fc.tuple(fc.constantFrom(...types), shapes).chain(([dtype, shape]) =>
    MAKERS[dtype](shape.reduce((product, side) => product * side, 1)).map((data) => ({
      dtype,
      shape,
      data,
    })),
  );

/** A few bytes at random places set to random values. */
export const damages = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)),
  {
    minLength: 1,
    maxLength: 4,
  },
);

/** `bytes` with its first `within` bytes damaged. */
export function damaged(
  bytes: Uint8Array,
  within: number,
  changes: readonly (readonly [number, number])[],
): Buffer {
  const copy = Buffer.from(bytes);
  for (const [place, value] of changes) copy[Math.floor(place * within)] = value;
  return copy;
}
