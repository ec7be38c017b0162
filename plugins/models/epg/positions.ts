/** Embeddings of time and place. */
import { concat, constant, cos, mul, pad, reshape, sin, type Value } from "../../../harness/program/index.ts";

/** concat(cos(t·f), sin(t·f)), f_k = 10000^(−k/half), half = ⌊width/2⌋; a zero appended where width is odd. t [batch] → [batch, width]. */
export function timeEmbedding(t: Value, width: number): Value {
  const half = Math.floor(width / 2);
  const frequencies = Float64Array.from({ length: half }, (_, k) => Math.exp((-Math.log(10000) * k) / half));
  const angles = mul(
    reshape(t, [t.shape[0]!, 1]),
    constant({ dtype: "float32", shape: [1, half], data: frequencies }),
  );
  return pad(concat([cos(angles), sin(angles)], 1), 1, 0, width - 2 * half);
}

/**
 * 2-D sines and cosines of patch coordinates (as arXiv:2111.06377 starts its ViT), after `leading` rows of zeros:
 * [leading + side², width], half of the width for the row, half for the column.
 */
export function sineCosinePositions(
  side: number,
  leading: number,
  width: number,
  amplitude: number,
): Float32Array {
  const positions = new Float32Array((leading + side * side) * width);
  const quarter = Math.floor(width / 4);
  for (let patch = 0; patch < side * side; patch++) {
    const row = (leading + patch) * width;
    const coordinates = [Math.floor(patch / side), patch % side];
    for (const [half, coordinate] of coordinates.entries())
      for (let k = 0; k < quarter; k++) {
        const angle = coordinate * 10000 ** (-k / quarter);
        positions[row + 2 * half * quarter + k] = amplitude * Math.sin(angle);
        positions[row + (2 * half + 1) * quarter + k] = amplitude * Math.cos(angle);
      }
  }
  return positions;
}
