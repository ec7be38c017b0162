import fc from "fast-check";
import { expect, it } from "vitest";
import {
  collect,
  columnMajorStrides,
  gather,
  rowMajorBytes,
  rowMajorStrides,
  spanBytes,
  swapped,
} from "../../../harness/formats/layout.ts";
import { asBytes, bytesPerElement } from "../../../harness/formats/numeric-array.ts";
import { arrays } from "./arbitrary.ts";

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
}

it("strides of dense arrays", () => {
  expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1]);
  expect(columnMajorStrides([2, 3, 4])).toEqual([1, 2, 6]);
  expect(rowMajorStrides([])).toEqual([]);
});

it("gathers by strides, repeats by stride 0, and keeps every bit", () => {
  const nan = Float64Array.of(1, Number.NaN, 3, 4, 5, 6);
  new Uint32Array(nan.buffer)[2] = 0xdead;
  const turned = gather(asBytes(nan), 8, [3, 2], [1, 3]);
  expect([...new Uint32Array(turned.buffer)].slice(4, 6)).toEqual([
    ...new Uint32Array(nan.buffer.slice(8, 16)),
  ]);
  expect([...gather(Uint8Array.of(1, 2, 3), 1, [2, 3], [0, 1])]).toEqual([1, 2, 3, 1, 2, 3]);
  expect([...gather(Uint8Array.of(7), 1, [], [])]).toEqual([7]);
});

it("column-major and big-endian bytes become row-major and little-endian ones", async () => {
  await fc.assert(
    fc.asyncProperty(arrays(), fc.boolean(), fc.boolean(), async ({ dtype, shape, data }, turn, swap) => {
      const size = bytesPerElement(dtype);
      const straight = asBytes(data);
      // The transpose of the transpose: row-major data of the reversed shape, read column by column.
      const strides = turn ? columnMajorStrides(shape) : rowMajorStrides(shape);
      const stored = turn
        ? gather(straight, size, shape.toReversed(), rowMajorStrides(shape).reverse())
        : straight;
      const layout = { dtype, shape, strides, bigEndian: swap };
      const pieces = inPieces(swap ? swapped(stored, size) : stored);
      expect(spanBytes(layout)).toBe(straight.length);
      const found = await collect(rowMajorBytes(pieces, layout), straight.length);
      expect(Buffer.from(found).equals(straight)).toBe(true);
    }),
  );
});
