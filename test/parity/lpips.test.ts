/** LPIPS on VGG16, AlexNet and SqueezeNet against the lpips package: distances, their terms, odd sizes, gradient, the trunk's activations. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { toFloat32 } from "../../harness/formats/numeric-array.ts";
import { decodeSafetensors, type NamedArrays, writeSafetensors } from "../../harness/formats/safetensors.ts";
import { add, gradients, slice, sum, type Tensor, type Tensors, trace } from "../../harness/program/index.ts";
import {
  perceptualDistance,
  perceptualFeatures,
  perceptualMaps,
  perceptualTerms,
} from "../../plugins/models/latent/perceptual.ts";
import { openPerceptual } from "../../plugins/models/latent/perceptual-checkpoint.ts";
import { PERCEPTUAL_NETS, type PerceptualNetName } from "../../plugins/models/latent/perceptual-nets.ts";
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
  /** "300+3k" */
  readonly t_weights: string;
  readonly t_biases: string;
  readonly sha256_f32_le_weight_then_bias_per_conv: string;
}

type Net = PerceptualNetName;
const netsOf = (folder: string): Net[] => Object.keys(jsonOf(join(folder, "weights.json")).nets) as Net[];

/** "300+3k" */
const stream = (rule: string, k: number): number => {
  const [, first, step] = /^(\d+)\+(\d*)k$/.exec(rule)!;
  return Number(first) + (step === "" ? 1 : Number(step)) * k;
};

/** The trunk's weights by weights.json's formula, under torchvision's names. */
function trunkOf(folder: string, net: Net): NamedArrays {
  const formula = jsonOf(join(folder, "weights.json")).nets[net] as Formula;
  const shapes = jsonOf(join(folder, "parameters.json"))[net].torchvision.shapes as Record<string, number[]>;
  const hash = createHash("sha256");
  const uniform = (shape: readonly number[], t: number, bound: number) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length: size }, (_, i) => (2 * uniformAt(i, t) - 1) * bound);
    hash.update(data);
    return { dtype: "float32", shape, data } as const;
  };
  const trunk = formula.convs.flatMap((name, k) => {
    const [weight, bias] = [shapes[`${name}.weight`]!, shapes[`${name}.bias`]!];
    const fanIn = weight.slice(1).reduce((product, side) => product * side, 1);
    return [
      [`${name}.weight`, uniform(weight, stream(formula.t_weights, k), Math.sqrt(6 / fanIn))],
      [`${name}.bias`, uniform(bias, stream(formula.t_biases, k), 0.1)],
    ] as const;
  });
  expect(hash.digest("hex")).toBe(formula.sha256_f32_le_weight_then_bias_per_conv);
  return Object.fromEntries(trunk);
}

/** Read as a user's files are: the trunk as torchvision names it, the linear layers as they are published. */
async function weightsOf(folder: string, net: Net): Promise<Tensors> {
  const linear = Object.entries(arraysOf(join(folder, "linear.safetensors"))).flatMap(([name, array]) =>
    name.startsWith(`${net}.`) ? [[name.slice(net.length + 1), array] as const] : [],
  );
  const halves = { trunk: trunkOf(folder, net), linear: Object.fromEntries(linear) };
  const read: Tensors[] = [];
  for (const half of ["trunk", "linear"] as const) {
    const path = join(temporaryFolder(), `${half}.safetensors`);
    writeFileSync(path, writeSafetensors(halves[half]));
    const file = await openPerceptual(path, half, net, half);
    read.push(await file.read());
    await file.close();
  }
  return { ...read[0], ...read[1] };
}

const first = ({ shape, data, dtype }: Tensor): Tensor => ({
  dtype,
  shape: [1, ...shape.slice(1)],
  data: data.slice(0, data.length / shape[0]!),
});

/** Bilinear in the way of align_corners = False, added to `sum`, side × side. */
function addUpsampled(sum: Float64Array, side: number, { shape, data }: Tensor): void {
  const [, height, width] = shape as [number, number, number];
  const at = (place: number, from: number) => {
    const exact = Math.max(0, ((place + 0.5) * from) / side - 0.5);
    const low = Math.floor(exact);
    return { low, high: Math.min(low + 1, from - 1), part: exact - low };
  };
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++) {
      const [y, x] = [at(i, height), at(j, width)];
      const row = (k: number) => data[k * width + x.low]! * (1 - x.part) + data[k * width + x.high]! * x.part;
      sum[i * side + j]! += row(y.low) * (1 - y.part) + row(y.high) * y.part;
    }
}

const runs = cases.flatMap((name) =>
  netsOf(join(root!, name)).map((net) => [join("lpips", name), net, join(root!, name)] as const),
);

describe.each(runs)("%s: %s", (_, name, folder) => {
  const net = PERCEPTUAL_NETS[name];
  const prefix = name === "vgg" ? "" : `${name}.`;
  const stored = readTensors(join(folder, "distances.safetensors")).tensors;
  const reference = Object.fromEntries(
    Object.entries(stored)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, tensor]) => [key.slice(prefix.length), tensor]),
  );
  const images: Tensors = Object.fromEntries(
    Object.entries(arraysOf(join(folder, "images.safetensors"))).map(([name, array]) => [
      name,
      { dtype: "float32", shape: array.shape, data: toFloat32(array) },
    ]),
  );
  let kept: Promise<Tensors> | undefined;
  const weights = (): Promise<Tensors> => (kept ??= weightsOf(folder, name));
  const close = { ...float32, tolerance: () => 1e-6 };

  /** Each layer's term against a column of a table. */
  function expectTerms(found: Tensors, { shape, data }: Tensor): void {
    const columns = shape[1]!;
    const expected = Array.from({ length: columns }, (_, k) => [
      `layer${k}`,
      { ...found[`layer${k}`]!, data: Float64Array.from(data).filter((_, i) => i % columns === k) },
    ]);
    expectParity({ ...float32, tolerance: () => 1e-5 }, found, Object.fromEntries(expected));
  }

  it("distances, whole and of images of odd sizes, and their terms", async () => {
    const [height, width] = jsonOf(join(folder, "config.json")).odd_size_hw as [number, number];
    const program = trace("lpips", (p) => {
      const [x, y] = [like(p, "x0", images.x0!), like(p, "x1", images.x1!)];
      const cut = (value: typeof x) => slice(slice(value, 2, 0, height), 3, 0, width);
      const terms = perceptualTerms(p, net, x, y);
      p.output(
        "d",
        terms.reduce((a, b) => add(a, b)),
      );
      p.output("odd.d", perceptualDistance(p, net, cut(x), cut(y)));
      terms.forEach((term, k) => {
        p.output(`layer${k}`, term);
      });
    });
    const found = await runOnce(close, program, await weights(), images);
    expectParity(close, found, picked(reference, "d", "odd.d"));
    expectTerms(found, reference.layers!);
  });

  it("terms without a linear layer: with one of ones", async () => {
    const ones = Object.entries(await weights()).map(([key, tensor]) => [
      key,
      key.startsWith("lin") ? { ...tensor, data: tensor.data.map(() => 1) } : tensor,
    ]);
    const program = trace("baseline", (p) => {
      const terms = perceptualTerms(p, net, like(p, "x0", images.x0!), like(p, "x1", images.x1!));
      terms.forEach((term, k) => {
        p.output(`layer${k}`, term);
      });
    });
    expectTerms(
      await runOnce(close, program, Object.fromEntries(ones), images),
      reference["baseline.layers"]!,
    );
  });

  it.runIf("spatial.pair0" in reference)("the map of distances over an image", async () => {
    const [x0, x1] = [first(images.x0!), first(images.x1!)];
    const program = trace("spatial", (p) => {
      perceptualMaps(p, net, like(p, "x0", x0), like(p, "x1", x1)).forEach((map, k) => {
        p.output(`map${k}`, map);
      });
    });
    const maps = await runOnce(float32, program, await weights(), { x0, x1 });
    const [side] = reference["spatial.pair0"]!.shape as [number];
    const sum = new Float64Array(side * side);
    for (const map of Object.values(maps)) addUpsampled(sum, side, map);
    const found = { "spatial.pair0": { ...reference["spatial.pair0"]!, data: sum } };
    expectParity({ ...float32, tolerance: () => 1e-5 }, found, picked(reference, "spatial.pair0"));
  });

  it.runIf("grad" in reference)("the gradient by an image", async () => {
    const inputs = { x0: first(images.x0!), x1: first(images.x1!) };
    const program = trace("lpips-gradient", (p) => {
      const x = like(p, "x0", inputs.x0);
      const distance = perceptualDistance(p, net, x, like(p, "x1", inputs.x1));
      p.output("grad", gradients(sum(distance), [x])[0]!);
    });
    const found = await runOnce(float32, program, await weights(), inputs);
    expectParity({ ...float32, tolerance: () => 1e-5 }, found, picked(reference, "grad"));
  });

  /** The trunk is too slow for the interpreter but for its first slice. */
  it.runIf("feat0" in reference).each([
    [float32.name, float32, 5, 1e-5],
    [float64.name, float64, 1, 1e-12],
  ] as const)("the trunk's activations: %s", async (_, engine, taps, tolerance) => {
    const x = first(images.x0!);
    const program = trace("trunk", (p) => {
      perceptualFeatures(p, net, like(p, "x", x))
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
