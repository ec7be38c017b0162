import { type Matrix, matrix } from "../harness/linear-algebra/index.ts";

/** Rows whose spectrum decays like that of a network's features: correlated through 64 shared directions. */
export function features(n: number, seed: number, d = 1280): Matrix {
  const uniform = (i: number): number => {
    const x = Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453;
    return x - Math.floor(x);
  };
  const rows = matrix(n, d);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      rows.data[i * d + j] = uniform(i * d + j) + uniform(i * 64 + (j % 64)) / (1 + (j % 64));
    }
  }
  return rows;
}
