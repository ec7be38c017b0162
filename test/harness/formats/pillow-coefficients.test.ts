import { expect, it } from "vitest";
import { coefficients } from "../../../harness/formats/pillow-coefficients.ts";

it.each(["bicubic", "box"] as const)("%s has weights that add to 1", (kernel) => {
  for (const [input, output] of [
    [7, 224],
    [32, 224],
    [1000, 224],
  ] as const) {
    const { taps, count, weights } = coefficients(kernel, input, output);
    for (let i = 0; i < output; i++) {
      const sum = weights.subarray(i * taps, i * taps + count[i]!).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  }
});
