/** Every tap of Inception, under the tools' preprocessing, against the tools' own numbers on deterministic weights. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Image } from "../../harness/formats/image.ts";
import { toFloat64 } from "../../harness/formats/numeric-array.ts";
import { decodeSafetensors } from "../../harness/formats/safetensors.ts";
import type { Executable } from "../../harness/plugin.ts";
import onnxruntime from "../../plugins/backends/onnxruntime/index.ts";
import { extractRows } from "../../plugins/features/extraction.ts";
import { foldedStates } from "../../plugins/features/inception/fold.ts";
import { SIDE } from "../../plugins/features/inception/network.ts";
import { inceptionProgram, TAPS, type Tap } from "../../plugins/features/inception/program.ts";
import { preprocessor } from "../../plugins/features/preprocessing/pool.ts";
import { prepare } from "../../plugins/features/preprocessing/prepare.ts";
import { PRESETS, type Tool } from "../../plugins/features/preprocessing/presets.ts";
import { deterministicWeights } from "../plugins/features/inception/deterministic-weights.ts";
import { fixtures } from "./fixtures.ts";
import { formulaImage, photos } from "./inception-images.ts";

const root = fixtures("inception");
const folder = root && existsSync(join(root, "features.safetensors")) ? root : null;
const file = folder ? decodeSafetensors(readFileSync(join(folder, "features.safetensors"))) : null;
const tensors = file?.tensors ?? {};

/** The presets by the fixtures' names. */
const TOOLS: Readonly<Record<string, Tool>> = {
  adm: "adm",
  "torch-fidelity": "torch-fidelity",
  "pytorch-fid": "pytorch-fid",
  "clean-fid-clean": "clean-fid",
  "clean-fid-legacy_pytorch": "clean-fid-legacy-pytorch",
};

const BATCH = 1;
const taps = Object.keys(TAPS) as Tap[];

interface Case {
  readonly key: string;
  readonly set: "photos" | "synthetic" | "bn-varied";
  readonly tool: Tool;
  readonly tap: string;
}

/** `[synthetic.|bn-varied.]tool.tap[.f64]`; bn-varied is torch-fidelity's. */
function caseOf(key: string): Case {
  const parts = key.replace(/\.f64$/, "").split(".");
  const set = parts[0] === "synthetic" || parts[0] === "bn-varied" ? parts.shift()! : "photos";
  const name = set === "bn-varied" ? "torch-fidelity" : parts[0]!;
  return { key, set: set as Case["set"], tool: TOOLS[name]!, tap: parts.at(-1)! };
}

const cases = Object.keys(tensors).map(caseOf);

/** 37 images through 5.7 GMAC each. */
const LIMIT = { timeout: 300_000 };

describe.skipIf(!folder)("features of the tools (skipped without fixtures of inception)", LIMIT, () => {
  const networks: Partial<Record<"plain" | "varied", Executable>> = {};
  const images: Partial<Record<Case["set"], readonly Image[]>> = {};
  const known = new Map<string, Promise<Readonly<Record<string, Float32Array>>>>();

  beforeAll(async () => {
    const all = await photos(folder!);
    const named = (list: string): Image[] =>
      (JSON.parse(list) as string[]).map((name) => all.get(name) ?? formulaImage(256, 256));
    images.photos = named(file!.metadata.images!);
    images.synthetic = [formulaImage(256, 256)];
    images["bn-varied"] = named(file!.metadata["bn-varied rows"]!);
    const backend = await onnxruntime.open({ threads: 2 } as never);
    const program = inceptionProgram(taps, BATCH);
    for (const name of ["plain", "varied"] as const)
      networks[name] = await backend.compile(program, foldedStates(deterministicWeights(name === "varied")));
  });
  afterAll(async () => {
    for (const network of Object.values(networks)) await network.dispose();
  });

  const rowsOf = (set: Case["set"], tool: Tool): Promise<Readonly<Record<string, Float32Array>>> => {
    // Presets of one preparation have the same features.
    const name = `${set} ${JSON.stringify(PRESETS[tool])}`;
    const rows =
      known.get(name) ??
      extractRows(images[set]!, {
        network: networks[set === "bn-varied" ? "varied" : "plain"]!,
        batch: BATCH,
        side: SIDE,
        preprocessor: preprocessor(1),
        preparation: PRESETS[tool],
        widths: TAPS,
      });
    known.set(name, rows);
    return rows;
  };

  it("are found", () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.filter(({ tool }) => tool === undefined)).toEqual([]);
  });

  it.each(cases.filter(({ tap }) => tap in TAPS))(`${folder}: $key`, async ({ key, set, tool, tap }) => {
    const found = (await rowsOf(set, tool))[tap]!;
    const expected = toFloat64(tensors[key]!);
    expect(tensors[key]!.shape).toEqual([images[set]!.length, TAPS[tap as Tap]]);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
    expect(worst).toBeLessThanOrEqual(set === "bn-varied" ? 4e-5 : 2e-5);
  });

  it.each(cases.filter(({ tap }) => tap === "input_sums"))(`${folder}: $key`, ({ key, set, tool }) => {
    const expected = toFloat64(tensors[key]!);
    images[set]!.forEach((image, i) => {
      const input = prepare([image], SIDE, PRESETS[tool]);
      const [sum, squares] = expected.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
      // 268,203 numbers of at most 1, each rounded to 6e-8.
      expect(Math.abs(input.reduce((total, x) => total + x, 0) - sum)).toBeLessThan(0.02);
      expect(Math.abs(input.reduce((total, x) => total + x * x, 0) - squares)).toBeLessThan(0.02);
    });
  });
});
