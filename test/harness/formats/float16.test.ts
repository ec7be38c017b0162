import { describe, expect, it } from "vitest";
import { narrowed } from "../../../harness/formats/float16.ts";
import { toFloat32 } from "../../../harness/formats/numeric-array.ts";
import { roundToHalf } from "../../../harness/metrics/half.ts";

const tensor = (data: Float32Array, shape: readonly number[] = [data.length]) =>
  ({ dtype: "float32", shape, data }) as const;

/** The other rounding forgets the sign of zero. */
const unsigned = (value: number): number => value + 0;

describe("float16", () => {
  it("is read back as every half that there is", () => {
    const every = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00,
    );
    const values = toFloat32({ dtype: "float16", shape: [every.length], data: every });
    expect(narrowed({ values: tensor(values) }).values!.data).toEqual(every);
  });

  it("is the nearest, ties to even, as the other rounding of ours has it", () => {
    const values = new Float32Array(20_000);
    const raw = new Uint32Array(values.buffer);
    for (let i = 0; i < raw.length; i++) raw[i] = Math.imul(i + 1, 2654435761) >>> 0;
    const small = values.filter((value) => Math.abs(value) < 65520);
    const near = Float32Array.from({ length: 4000 }, (_, i) => (i - 2000) * 2 ** -26);
    for (const chosen of [small, near])
      expect(toFloat32(narrowed({ chosen: tensor(chosen) }).chosen!).map(unsigned)).toEqual(
        Float32Array.from(chosen, roundToHalf),
      );
  });

  it("leaves numbers on their own and other types alone", () => {
    const scale = tensor(Float32Array.of(1 / 3), []);
    const count = { dtype: "int32", shape: [1], data: Int32Array.of(70000) } as const;
    expect(narrowed({ scale, count })).toEqual({ scale, count });
  });

  it.each([65520, -1e30, Number.POSITIVE_INFINITY, Number.NaN])("refuses %d by its name", (value) => {
    expect(() => narrowed({ "block.0": tensor(Float32Array.of(0, value)) })).toThrow(
      /block\.0 holds .*65504/,
    );
  });
});
