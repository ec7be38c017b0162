/** LPIPS on VGG16 against the lpips package: distances, their terms, odd sizes, gradient, the trunk's activations. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../harness/formats/numeric-array.ts";
import { decodeSafetensors, type NamedArrays, writeSafetensors } from "../../harness/formats/safetensors.ts";
import { add, gradients, slice, sum, type Tensor, type Tensors, trace } from "../../harness/program/index.ts";
import { perceptualFeatures, perceptualTerms } from "../../plugins/models/latent/perceptual.ts";
import { readPerceptual } from "../../plugins/models/latent/perceptual-checkpoint.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";
import { uniformAt } from "../fixtures/uniform-formula.ts";
import { readTensors } from "../plugins/models/epg/fixtures.ts";
import { expectParity, float32, float64, runOnce } from "./engines.ts";
import { like, picked } from "./epg.ts";
import { fixtures } from "./fixtures.ts";

const root = fixtures("lpips");

/** Every folder at or below `lpips` that has a config.json. */
const cases = (root ? readdirSync(root, { recursive: true, encoding: "utf8" }).sort() : [])
  .filter((path) => basename(path) === "config.json")
  .map((path) => dirname(path));

const arraysOf = (path: string): NamedArrays => decodeSafetensors(readFileSync(path), path).tensors;
const jsonOf = (path: string) => JSON.parse(readFileSync(path, "utf8"));

interface Formula {
  readonly convs: readonly string[];
  readonly sha256_f32_le_weight_then_bias_per_conv: string;
}

/** The trunk's weights by weights.json's formula, under torchvision's names. */
function trunkOf(folder: string): NamedArrays {
  const { convs, sha256_f32_le_weight_then_bias_per_conv: digest } = jsonOf(join(folder, "weights.json")).nets
    .vgg as Formula;
  const shapes = jsonOf(join(folder, "parameters.json")).vgg.torchvision.shapes as Record<string, number[]>;
  const hash = createHash("sha256");
  const uniform = (shape: readonly number[], t: number, bound: number) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length: size }, (_, i) => (2 * uniformAt(i, t) - 1) * bound);
    hash.update(data);
    return { dtype: "float32", shape, data } as const;
  };
  const trunk = convs.flatMap((name, k) => {
    const [weight, bias] = [shapes[`${name}.weight`]!, shapes[`${name}.bias`]!];
    const fanIn = weight.slice(1).reduce((product, side) => product * side, 1);
    return [
      [`${name}.weight`, uniform(weight, 300 + 3 * k, Math.sqrt(6 / fanIn))],
      [`${name}.bias`, uniform(bias, 400 + k, 0.1)],
    ] as const;
  });
  expect(hash.digest("hex")).toBe(digest);
  return Object.fromEntries(trunk);
}

/** Read as a user's files are: the trunk as torchvision names it, the linear layers as they are published. */
async function weightsOf(folder: string): Promise<Tensors> {
  const linear = Object.entries(arraysOf(join(folder, "linear.safetensors"))).flatMap(([name, array]) =>
    name.startsWith("vgg.") ? [[name.slice("vgg.".length), array] as const] : [],
  );
  const files = [trunkOf(folder), Object.fromEntries(linear)].map((arrays, k) => {
    const path = join(temporaryFolder(), `${k}.safetensors`);
    writeFileSync(path, writeSafetensors(arrays));
    return path;
  });
  return readPerceptual(files);
}

describe.each(cases.map((name) => [join("lpips", name), join(root!, name)] as const))("%s", (_, folder) => {
  const reference = readTensors(join(folder, "distances.safetensors")).tensors;
  const images: Tensors = Object.fromEntries(
    Object.entries(arraysOf(join(folder, "images.safetensors"))).map(([name, array]) => [
      name,
      { dtype: "float32", shape: array.shape, data: toFloat32(array) },
    ]),
  );
  let kept: Promise<Tensors> | undefined;
  const weights = (): Promise<Tensors> => (kept ??= weightsOf(folder));
  const close = { ...float32, tolerance: () => 1e-6 };

  it("distances, whole and of images of odd sizes, and their terms", async () => {
    const [height, width] = jsonOf(join(folder, "config.json")).odd_size_hw as [number, number];
    const program = trace("lpips", (p) => {
      const [x, y] = [like(p, "x0", images.x0!), like(p, "x1", images.x1!)];
      const cut = (value: typeof x) => slice(slice(value, 2, 0, height), 3, 0, width);
      const terms = perceptualTerms(p, x, y);
      p.output(
        "d",
        terms.reduce((a, b) => add(a, b)),
      );
      p.output(
        "odd.d",
        perceptualTerms(p, cut(x), cut(y)).reduce((a, b) => add(a, b)),
      );
      terms.forEach((term, k) => {
        p.output(`layer${k}`, term);
      });
    });
    const found = await runOnce(close, program, await weights(), images);
    expectParity(close, found, picked(reference, "d", "odd.d"));
    const layers = reference.layers!;
    const columns = layers.shape[1]!;
    const termsOf = (data: Tensor["data"], k: number) =>
      Float64Array.from(data).filter((_, i) => i % columns === k);
    const expected = Array.from({ length: columns }, (_, k) => [
      `layer${k}`,
      { ...found[`layer${k}`]!, data: termsOf(layers.data, k) },
    ]);
    expectParity({ ...float32, tolerance: () => 1e-5 }, found, Object.fromEntries(expected));
  });

  it("the gradient by an image", async () => {
    const first = (name: string): Tensor => {
      const { shape, data, dtype } = images[name]!;
      return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / shape[0]!) };
    };
    const inputs = { x0: first("x0"), x1: first("x1") };
    const program = trace("lpips-gradient", (p) => {
      const x = like(p, "x0", inputs.x0);
      const terms = perceptualTerms(p, x, like(p, "x1", inputs.x1));
      p.output("grad", gradients(sum(terms.reduce((a, b) => add(a, b))), [x])[0]!);
    });
    const found = await runOnce(float32, program, await weights(), inputs);
    expectParity({ ...float32, tolerance: () => 1e-5 }, found, picked(reference, "grad"));
  });

  /** The trunk is too slow for the interpreter but for its first slice. */
  it.each([
    [float32.name, float32, 5, 1e-5],
    [float64.name, float64, 1, 1e-12],
  ] as const)("the trunk's activations: %s", async (_, engine, taps, tolerance) => {
    const [, ...shape] = images.x0!.shape;
    const x: Tensor = { dtype: "float32", shape: [1, ...shape], data: images.x0!.data.slice(0, 3 * 64 * 64) };
    const program = trace("vgg", (p) => {
      perceptualFeatures(p, like(p, "x", x))
        .slice(0, taps)
        .forEach((features, k) => {
          p.output(`feat${k}`, features);
        });
    });
    const found = await runOnce(engine, program, await weights(), { x });
    for (const [name, features] of Object.entries(found)) {
      const [, , height, width] = features.shape as readonly [number, number, number, number];
      const places = reference[`${name}.pos`]!.data;
      const at = Array.from({ length: places.length / 3 }, (_, i) => {
        const [c, y, x] = places.slice(3 * i, 3 * i + 3) as unknown as [number, number, number];
        return features.data[(c * height + y) * width + x]!;
      });
      const sums = [0, 0];
      for (const value of features.data) {
        sums[0]! += value;
        sums[1]! += value * value;
      }
      const own = (data: number[]) => ({ ...features, data: Float64Array.from(data) });
      const strict = { ...engine, tolerance: () => tolerance };
      expectParity(strict, { [name]: own(at) }, picked(reference, name));
      expectParity(strict, { [`${name}.sum`]: own(sums) }, picked(reference, `${name}.sum`));
    }
  });
});
