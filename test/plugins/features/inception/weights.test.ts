import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { UserError } from "../../../../harness/errors.ts";
import { writeSafetensors } from "../../../../harness/formats/safetensors.ts";
import { foldedStates } from "../../../../plugins/features/inception/fold.ts";
import {
  CONVOLUTIONS,
  expectedStateDict,
  type StateDict,
  takeStateDict,
} from "../../../../plugins/features/inception/state-dict.ts";
import { expectedGraph } from "../../../../plugins/features/inception/tensorflow-names.ts";
import { readWeights, weightsFile } from "../../../../plugins/features/inception/weights.ts";
import { graphOf } from "../../../harness/formats/graph-writer.ts";
import { torchLegacy, torchZip } from "../../../harness/formats/pickler.ts";
import { deterministicWeights } from "./deterministic-weights.ts";

/** sha256 over all float32 tensors in the order of the state dict. */
const DIGESTS = {
  plain: "dd2bdf1944851a190894a4469a76f24a7f404b796728ad57356260cd46ab7b8b",
  varied: "7fb7a8b7790459feab63a1053649cc2c3203cd61c467886c75b8a752ec0f4018",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "epg-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

const shapes = new Map(expectedStateDict().map(({ name, shape }) => [name, shape]));

function safetensorsOf(dict: StateDict): Buffer {
  const tensors = [...dict].map(([name, data]) => [
    name,
    { dtype: "float32", shape: shapes.get(name)!, data },
  ]);
  const counter = { dtype: "int64", shape: [], data: BigInt64Array.of(0n) } as const;
  return writeSafetensors({
    ...Object.fromEntries(tensors),
    ...Object.fromEntries(CONVOLUTIONS.map(({ name }) => [`${name}.bn.num_batches_tracked`, counter])),
  });
}

/** As torch.save writes a state dict: every tensor a whole storage of its own. */
const savedOf = (dict: StateDict) =>
  [...dict].map(([name, data]) => {
    const shape = shapes.get(name)!;
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    return [
      name,
      { storage: { dtype: "float32", shape: [data.length], data }, offset: 0, shape, strides },
    ] as const;
  });

/** Element by element from the layout's definition: w[o,i,h,w] lies at [h,w,i,o]. */
function graphBytes(dict: StateDict, scaled = true): Uint8Array {
  const bytes = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer);
  return graphOf([
    { name: "ResizeBilinear/size", shape: [2], type: 3, content: new Uint8Array(8) },
    ...expectedGraph()
      .filter(({ name }) => scaled || !name.endsWith(".bn.weight"))
      .map(({ name, stored, shape }) => {
        const data = dict.get(name)!;
        if (shape.length === 1) return { name: stored, shape, content: bytes(data) };
        const [out, channels, rows, columns] = [...shapes.get(name)!, 1, 1] as [
          number,
          number,
          number,
          number,
        ];
        const turned = new Float32Array(data.length);
        let from = 0;
        for (let o = 0; o < out; o++)
          for (let i = 0; i < channels; i++)
            for (let h = 0; h < rows; h++)
              for (let w = 0; w < columns; w++)
                turned[((h * columns + w) * channels + i) * out + o] = data[from++]!;
        return { name: stored, shape, content: bytes(turned) };
      }),
  ]);
}

/** Files of 91 MB are made, written and read. */
describe("readWeights", { timeout: 300_000 }, () => {
  it.each(["plain", "varied"] as const)("reads the same %s set from every format", async (set) => {
    const dict = deterministicWeights(set === "varied");
    for (const [name, bytes] of [
      ["weights.safetensors", safetensorsOf(dict)],
      ["graph.pb", graphBytes(dict)],
      ["zip.pth", torchZip(savedOf(dict))],
      ["legacy.pth", torchLegacy(savedOf(dict))],
    ] as const) {
      const file = join(folder, name);
      await writeFile(file, bytes);
      const weights = await readWeights(file);
      expect(weights.digest, name).toBe(DIGESTS[set]);
      expect(weights.published).toBe(false);
      expect(weights.description).toMatch(/sha256 [0-9a-f]{64}\) are not recognised .*6726825d/);
    }
  });

  it("takes batch norms without any scale as having scale 1", async () => {
    const file = join(folder, "unscaled.pb");
    await writeFile(file, graphBytes(deterministicWeights(), false));
    expect((await readWeights(file)).digest).toBe(DIGESTS.plain);
  });

  it.each([
    ["text", Buffer.from("no weights at all"), /not a file of tensors/],
    ["a damaged graph", Buffer.from([0x0a, 0xff, 0xff]), /protocol buffer/],
    [
      "another network",
      writeSafetensors({ x: { dtype: "float32", shape: [1], data: new Float32Array(1) } }),
      /lacks Conv2d_1a_3x3\.conv\.weight, .* more/,
    ],
  ])("refuses %s, naming the file", async (_, bytes, problem) => {
    const file = join(folder, "bad");
    await writeFile(file, bytes);
    const failure = await readWeights(file).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect((failure as Error).message).toMatch(problem);
    expect((failure as Error).message).toContain(file);
  });
});

describe("takeStateDict", () => {
  const expected = expectedStateDict();
  const stored = () =>
    Object.fromEntries(
      expected.map(({ stored: name, shape }) => [
        name,
        {
          dtype: "float32",
          shape,
          read: () => ({ dtype: "float32", shape, data: new Float32Array(0) }) as const,
        },
      ]),
    );
  const take = (tensors: ReturnType<typeof stored>) => takeStateDict("FILE", tensors, expected, () => true);

  it("names a tensor that is missing", async () => {
    const { "Mixed_6c.branch7x7_2.conv.weight": _, ...rest } = stored();
    await expect(take(rest)).rejects.toThrow("FILE lacks Mixed_6c.branch7x7_2.conv.weight");
  });
  it("names a single scale that is missing", async () => {
    const { "Mixed_6c.branch7x7_2.bn.weight": _, ...rest } = stored();
    await expect(take(rest)).rejects.toThrow("FILE lacks Mixed_6c.branch7x7_2.bn.weight");
  });
  it("names surplus tensors", async () => {
    const tensors = { ...stored(), "AuxLogits.fc.bias": stored()["fc.bias"]! };
    await expect(take(tensors)).rejects.toThrow("FILE also has AuxLogits.fc.bias");
  });
  it("names a tensor of another shape, with both", async () => {
    const tensors = stored();
    tensors["fc.weight"] = { ...tensors["fc.weight"]!, shape: [1000, 2048] };
    await expect(take(tensors)).rejects.toThrow(
      "fc.weight is float32 [1000,2048], and must be float32 [1008,2048]",
    );
  });
  it("names a tensor of another type", async () => {
    const tensors = stored();
    tensors["fc.bias"] = { ...tensors["fc.bias"]!, dtype: "int64" };
    await expect(take(tensors)).rejects.toThrow("fc.bias is int64 [1008]");
  });
});

it("refuses weights that are not finite, naming the convolution", () => {
  const dict = new Map(deterministicWeights());
  const name = "Mixed_7b.branch1x1.bn.running_var";
  dict.set(
    name,
    dict.get(name)!.map(() => -1),
  );
  expect(() => foldedStates(dict)).toThrow(/weights of Mixed_7b\.branch1x1 are not finite/);
});

describe("weightsFile", () => {
  it("looks at the option, the variable, then the cache; else says where to get and put the file", async () => {
    const cache = join(folder, "cache");
    vi.stubEnv("XDG_CACHE_HOME", cache);
    vi.stubEnv("EPG_BENCH_INCEPTION", "");
    const failure = (() => {
      try {
        return weightsFile(undefined, folder);
      } catch (error) {
        return error as UserError;
      }
    })() as UserError;
    expect(failure.message).toBe("the weights of Inception-v3 are not on this machine");
    expect(failure.fix).toMatch(/download https:\S+6726825d\.pth \(sha256 6726825d…\) to \S+6726825d\.pth/);
    const own = join(folder, "own.safetensors");
    await writeFile(own, "");
    vi.stubEnv("EPG_BENCH_INCEPTION", own);
    expect(weightsFile(undefined, folder)).toBe(own);
    await writeFile(join(folder, "option"), "");
    expect(weightsFile("option", folder)).toBe(join(folder, "option"));
    expect(() => weightsFile("gone", folder)).toThrow(`not at ${join(folder, "gone")}`);
    vi.unstubAllEnvs();
  });
});
