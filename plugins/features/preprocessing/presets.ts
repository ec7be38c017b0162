/**
 * How each tool prepares images for Inception. 255 becomes 127/128 under (x − 128)/128 and 1 under
 * 2x − 1, which is (x − ½)/½ to the bit.
 */
import type { Preparation } from "./prepare.ts";

/** (x − 128)/128, as TensorFlow's graph and its ports have it. */
const SIGNED = { levels: 255, subtract: 128, divide: 128 } as const;
/** 2x − 1 of 0 … 1. */
const UNIT = { subtract: 0.5, divide: 0.5 } as const;

export const PRESETS = {
  /** guided-diffusion's evaluator: TensorFlow 1's own resize. */
  adm: { resize: "tensorflow-bilinear", ...SIGNED },
  "torch-fidelity": { resize: "tensorflow-bilinear", ...SIGNED },
  "pytorch-fid": { resize: "pytorch-bilinear", levels: 1, ...UNIT },
  "clean-fid": { resize: "pil-bicubic", ...SIGNED },
  "clean-fid-legacy-pytorch": { resize: "pytorch-bilinear", levels: 255, toUnit: true, ...UNIT },
  "clean-fid-legacy-tensorflow": { resize: "nvidia-bilinear", ...SIGNED },
  /** EDM and EDM2. */
  edm: { resize: "nvidia-bilinear", ...SIGNED },
  "dgm-eval": { resize: "pytorch-bilinear", levels: 1, ...UNIT },
  /** With its `--clean_resize`. */
  "dgm-eval-clean-resize": { resize: "pil-bicubic", levels: 255, toUnit: true, ...UNIT },
} as const satisfies Readonly<Record<string, Preparation>>;

/** A tool whose numbers are wanted. */
export type Tool = keyof typeof PRESETS;

export const TOOLS = Object.keys(PRESETS) as readonly Tool[];
