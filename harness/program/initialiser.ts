import type { TensorData } from "./tensor.ts";

/** How a state begins, as data: drawn by the host from a stream keyed by the seed and the state's name. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  /** Around `mean`, without which around 0. */
  | { readonly kind: "normal"; readonly deviation: number; readonly mean?: number }
  /** N(0, deviation²) drawn again until within ±2 (PyTorch's trunc_normal_ with its default bounds). */
  | { readonly kind: "truncatedNormal"; readonly deviation: number }
  /** Uniform in ±bound. */
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "values"; readonly data: TensorData }
  /** As another state begins, or is loaded. */
  | { readonly kind: "copyOf"; readonly state: string };

export const zeros: Initialiser = { kind: "constant", value: 0 };
export const ones: Initialiser = { kind: "constant", value: 1 };
export const normal = (deviation: number, mean = 0): Initialiser => ({
  kind: "normal",
  deviation,
  ...(mean === 0 ? {} : { mean }),
});
export const truncatedNormal = (deviation: number): Initialiser => ({ kind: "truncatedNormal", deviation });
export const uniform = (bound: number): Initialiser => ({ kind: "uniform", bound });

/** Glorot & Bengio 2010, eq. 16: uniform in ±√(6/(fan_in + fan_out)). */
export const xavierUniform = (fanIn: number, fanOut: number): Initialiser =>
  uniform(Math.sqrt(6 / (fanIn + fanOut)));
