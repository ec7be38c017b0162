import { writeNpz } from "../../../harness/formats/npz-writer.ts";

/** A reference file in ADM's layout: unit normals, and images of zeros. */
export function writeReference(
  path: string,
  { dimensions = 4, images = 3, side = 8 }: { dimensions?: number; images?: number; side?: number } = {},
): Promise<void> {
  const identity = Float64Array.from({ length: dimensions ** 2 }, (_, i) =>
    Number(i % (dimensions + 1) === 0),
  );
  return writeNpz(path, {
    mu: { dtype: "float64", shape: [dimensions], data: new Float64Array(dimensions) },
    sigma: { dtype: "float64", shape: [dimensions, dimensions], data: identity },
    arr_0: {
      dtype: "uint8",
      shape: [images, side, side, 3],
      data: new Uint8Array(images * side * side * 3),
    },
  });
}
