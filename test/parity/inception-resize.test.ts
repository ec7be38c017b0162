/** The resizes in front of Inception against those of the tools, on an image made by formula at many sizes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../harness/formats/safetensors.ts";
import { type Preparation, prepare } from "../../plugins/features/preprocessing/prepare.ts";
import { fixtures } from "./fixtures.ts";
import { formulaImage } from "./inception-images.ts";

const folder = fixtures("inception");
const SIDE = 299;

interface Resizer {
  readonly preparation: Preparation;
  /** Largest difference allowed from the tool's float32. */
  readonly tolerance: number;
}

const identity = { levels: 255, subtract: 0, divide: 1 } as const;

const RESIZERS: Readonly<Record<string, Resizer>> = {
  tf1: { preparation: { resize: "tensorflow-bilinear", ...identity }, tolerance: 0 },
  pilbic: { preparation: { resize: "pil-bicubic", ...identity }, tolerance: 0 },
  torch01: { preparation: { resize: "pytorch-bilinear", ...identity, levels: 1 }, tolerance: 4e-6 },
  torch255: { preparation: { resize: "pytorch-bilinear", ...identity }, tolerance: 1e-3 },
  nv: { preparation: { resize: "nvidia-bilinear", ...identity }, tolerance: 2e-4 },
};

describe.skipIf(!folder)("resizes of the tools (skipped without fixtures of inception)", () => {
  const tensors = folder ? decodeSafetensors(readFileSync(join(folder, "resize.safetensors"))).tensors : {};
  const cases = Object.keys(tensors)
    .map((key) => key.split(".") as [string, string, string?])
    .filter(([, resizer, rest]) => rest === undefined && resizer in RESIZERS);

  it.skipIf(!folder)("are found", () => {
    expect(new Set(cases.map(([, resizer]) => resizer))).toEqual(new Set(Object.keys(RESIZERS)));
  });

  it.each(cases)(`${folder}: %s by %s`, (size, resizer) => {
    const [width, height] = size.split("x").map(Number) as [number, number];
    const { preparation, tolerance } = RESIZERS[resizer]!;
    const found = prepare([formulaImage(width, height)], SIDE, preparation);
    const places = tensors[`${size}.pos`]!.data as Int32Array;
    const expected = tensors[`${size}.${resizer}`]!.data as Float32Array;
    let worst = 0;
    expected.forEach((value, k) => {
      const [c, y, x] = places.subarray(3 * k, 3 * k + 3) as unknown as [number, number, number];
      worst = Math.max(worst, Math.abs(found[(c * SIDE + y) * SIDE + x]! - value));
    });
    expect(worst).toBeLessThanOrEqual(tolerance);
    const [sum, squares] = tensors[`${size}.${resizer}.sum`]!.data as Float64Array;
    const relative = tolerance === 0 ? 1e-12 : 1e-6;
    expect(Math.abs(found.reduce((total, x) => total + x, 0) / sum! - 1)).toBeLessThan(relative);
    expect(Math.abs(found.reduce((total, x) => total + x * x, 0) / squares! - 1)).toBeLessThan(relative);
  });
});
