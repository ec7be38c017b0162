/** Every `--as` against what its tool gave on the same features. */
import { describe, expect, it } from "vitest";
import {
  type Compared,
  makeReference,
  OWN_SETTINGS,
  type Settings,
} from "../../harness/evaluate/compared.ts";
import { conventionOf } from "../../harness/evaluate/conventions/index.ts";
import type { Found } from "../../harness/evaluate/score.ts";
import { foundBy } from "../../harness/evaluate/scorers.ts";
import { openProduct } from "../../plugins/backends/onnxruntime/product.ts";
import { absent, entries, type Pair, pairs, where } from "./scores.ts";

const multiply = openProduct(2);

function comparedOf({ name, tensors }: Pair, settings: Partial<Settings>): Compared {
  const wide = name === "pair2048";
  const features = { samples: tensors("gen"), reference: tensors("ref") };
  const others = (side: "gen" | "ref") =>
    wide ? { logits: tensors(side, "logits_unbiased"), spatial: tensors(side, "spatial") } : {};
  return {
    samples: { features: features.samples, ...others("gen") },
    reference: makeReference({
      extractor: "inception",
      suffix: "",
      classesMatch: null,
      multiply,
      layers: { features: features.reference, ...others("ref") },
    }),
    groups: Int32Array.from({ length: features.samples.rows }, (_, i) => i % 4),
    labels: null,
    settings: { ...OWN_SETTINGS, ...settings },
  };
}

async function found(
  pair: Pair,
  tool: string | null,
  family: string,
  settings: Partial<Settings> = {},
): Promise<Found[]> {
  const { scorers } = conventionOf(tool);
  const wanted = scorers.filter(({ families }) => (families as readonly string[]).includes(family));
  return foundBy(
    { scorers: wanted, families: new Set(wanted.flatMap(({ families }) => families)) },
    comparedOf(pair, settings),
  );
}

const scoreIn = (all: readonly Found[], family: string): number =>
  all.find((one) => one.family === family)!.value;

/** Where images are fewer than dimensions the tools' roots of rounding noise lie up to 7e-5 below the exact value. */
const noise = ({ name }: Pair): number => (name === "pair64" ? 1e-9 : 2e-4);

const FRECHET = [
  ["adm", "guided-diffusion"],
  ["torch-fidelity", "torch-fidelity"],
  ["pytorch-fid", "pytorch-fid"],
  ["clean-fid", "clean-fid"],
] as const;

describe.skipIf(absent)(`conventions on the features of ${where}`, () => {
  const each = FRECHET.flatMap(([tool, name]) =>
    pairs.map((pair) => ({ tool, name, pair, title: pair.name })),
  );

  it.each(each.filter(({ pair, name }) => pair.scores.fid?.[name] !== undefined))(
    "$title: FID as $tool",
    async ({ tool, name, pair }) => {
      const value = scoreIn(await found(pair, tool, "fd"), "fd");
      expect(Math.abs(value - pair.scores.fid![name]!)).toBeLessThan(noise(pair));
    },
  );

  it.each(pairs)("$name: FID, ours, exact", async (pair) => {
    const value = scoreIn(await found(pair, null, "fd"), "fd");
    expect(value).toBeCloseTo(pair.scores.fid!.exact_f64!.value!, 8);
  });

  it.each(pairs.filter(({ scores }) => scores.sfid))("$name: sFID, ours and as adm", async (pair) => {
    const sfid = pair.scores.sfid!;
    expect(scoreIn(await found(pair, null, "sfid"), "sfid")).toBeCloseTo(sfid.exact_f64!.value!, 7);
    const adm = scoreIn(await found(pair, "adm", "sfid"), "sfid");
    expect(Math.abs(adm - sfid["guided-diffusion"]!)).toBeLessThan(noise(pair));
  });

  it.each(pairs.filter(({ scores }) => scores.kid))(
    "$name: KID as torch-fidelity, clean-fid, ours",
    async (pair) => {
      const kid = pair.scores.kid!;
      const settings = { kidSubsets: kid.subsets!, kidSubsetSize: kid.subset_size! };
      const [torch] = await found(pair, "torch-fidelity", "kid", settings);
      const theirs = kid["torch-fidelity seed 2020, input1=gen input2=ref"]!;
      expect(Math.abs(torch!.value - theirs.mean!)).toBeLessThan(1e-6);
      expect(Math.abs(torch!.beside!.value! - theirs.std!)).toBeLessThan(1e-6);
      const [clean] = await found(pair, "clean-fid", "kid", { ...settings, seed: 2020 });
      const cleanName = entries(kid).find(([title]) => /^clean-fid.*seed\(2020\)/.test(title))![0];
      expect(Math.abs(clean!.value - kid[cleanName]!)).toBeLessThan(1e-6);
      const [ours] = await found(pair, null, "kid");
      expect(ours!.value).toBeCloseTo(kid["own f64, all samples, unbiased"]!, 11);
      // Of the draw of samples and of the draw of subsets, never the spread itself.
      const ofSubsets = theirs.std! ** 2 / (settings.kidSubsets - 1);
      const { standardError, deleteGroup } = torch!.error!;
      expect(standardError! ** 2).toBeCloseTo(ours!.error!.standardError! ** 2 + ofSubsets, 6);
      expect(deleteGroup).toBeNull();
    },
  );

  const withNeighbours = pairs.flatMap((pair) =>
    entries(pair.scores.prdc).map(([title, prdc]) => ({
      pair,
      name: pair.name,
      k: Number(title.slice(2)),
      prdc,
    })),
  );

  it.each(withNeighbours)(
    "$name, k = $k: precision, recall, density, coverage",
    async ({ pair, k, prdc }) => {
      const own = prdc["own f64 counts"]!;
      const ours = [
        ...(await found(pair, null, "precision", { neighbours: k })),
        ...(await found(pair, null, "density", { neighbours: k })),
      ];
      const [n, m] = [own.n_gen!, own.n_ref!];
      expect(scoreIn(ours, "precision")).toBe(own.precision! / n);
      expect(scoreIn(ours, "recall")).toBe(own.recall! / m);
      expect(scoreIn(ours, "density")).toBeCloseTo(own.density! / (k * n), 12);
      expect(scoreIn(ours, "coverage")).toBe(own.coverage! / m);
      const torch = await found(pair, "torch-fidelity", "f-score", { neighbours: k });
      expect(scoreIn(torch, "f-score")).toBeCloseTo(prdc["torch-fidelity, float64 features"]!.f_score!, 6);
    },
  );

  it.each(withNeighbours)(
    "$name, k = $k: precision and recall as adm, in both widths",
    async ({ pair, k, prdc }) => {
      const tool = prdc["guided-diffusion"]!;
      const adm = await found(pair, "adm", "precision", { neighbours: k });
      const single = tool["adm with float16 replaced by float32"]!;
      const half = tool["own emulation of the float16 path, float32 accumulation"]!;
      expect(scoreIn(adm, "precision-float32")).toBeCloseTo(single.precision!, 6);
      expect(scoreIn(adm, "recall-float32")).toBeCloseTo(single.recall!, 6);
      // The emulation sums in float32, ours in float64: one decision may fall otherwise.
      const [n, m] = [pair.tensors("gen").rows, pair.tensors("ref").rows];
      expect(Math.abs(scoreIn(adm, "precision") - half.precision!) * n).toBeLessThan(1.5);
      expect(Math.abs(scoreIn(adm, "recall") - half.recall!) * m).toBeLessThan(1.5);
    },
  );

  it.each(withNeighbours.filter(({ prdc }) => prdc.prdc))(
    "$name, k = $k: precision, recall, density, coverage as dgm-eval",
    async ({ pair, k, prdc }) => {
      const dgm = await found(pair, "dgm-eval", "precision", { neighbours: k });
      // Where sets are of one size, the draw is an order of the rows, and the prdc package gives the same.
      const digits = pair.tensors("gen").rows === pair.tensors("ref").rows ? 9 : 1;
      for (const family of ["precision", "recall", "density", "coverage"])
        expect(scoreIn(dgm, family)).toBeCloseTo(prdc.prdc![family]!, digits);
    },
  );

  it.each(pairs.filter(({ scores }) => scores.is_gen))(
    "$name: IS as torch-fidelity and as adm",
    async (pair) => {
      const is = pair.scores.is_gen!;
      const [torch] = await found(pair, "torch-fidelity", "is");
      const theirs = is["torch-fidelity 10 splits, shuffled 2020"]!;
      expect(torch!.value).toBeCloseTo(theirs.mean!, 9);
      expect(torch!.beside!.value).toBeCloseTo(theirs.std!, 9);
      const [adm] = await found(pair, "adm", "is");
      expect(adm!.value).toBeCloseTo(is["guided-diffusion split_size=5000"]!, 6);
      const [ours] = await found(pair, null, "is");
      expect(ours!.value).toBeCloseTo(is["torch-fidelity 1 split"]!.mean!, 9);
    },
  );
});
