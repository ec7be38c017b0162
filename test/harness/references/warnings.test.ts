import { describe, expect, it } from "vitest";
import { registry } from "../../../harness/references/registry.ts";
import { referenceWarnings } from "../../../harness/references/warnings.ts";

const named = (name: string) => registry().references.find((reference) => reference.name === name)!;
const SET = { n: 50_000, resolution: 256, convention: "adm", labels: "uniform" };

describe("referenceWarnings", () => {
  it("has nothing to say where everything fits", () => {
    expect(referenceWarnings(named("imagenet-256"), SET)).toEqual([]);
    expect(referenceWarnings(named("imagenet-256"), { ...SET, convention: "torch-fidelity" })).toEqual([]);
    expect(referenceWarnings(named("lsun-cat-256"), { ...SET, labels: "balanced" })).toEqual([]);
  });

  it.each([
    [{ resolution: 512 }, /at 256 px, and the samples are 512 px/],
    [{ resolution: null }, /several sizes/],
    [{ n: 10_000 }, /50,000 samples .* here are 10,000/],
    [{ convention: "clean-fid" }, /as adm does, .* as clean-fid does: .*--as adm/],
    [{ labels: "balanced" }, /drawn at random .* here they are balanced/],
  ])("%j: one sentence", (change, sentence) => {
    const warnings = referenceWarnings(named("imagenet-256"), { ...SET, ...change });
    expect(warnings).toEqual([expect.stringMatching(sentence)]);
  });

  it("shows a reference's own notes", () => {
    const warnings = referenceWarnings(named("imagenet-512"), { ...SET, resolution: 512 });
    expect(warnings).toEqual([expect.stringMatching(/^imagenet-512: .*1,000 images, not 10,000/)]);
  });

  it("takes a file for what it tells, and nothing else for granted", () => {
    const facts = {
      name: "stats.npz",
      samples: null,
      convention: null,
      labels: null,
      images: null,
      notes: [],
    };
    expect(referenceWarnings({ ...facts, resolution: null }, SET)).toEqual([]);
    expect(referenceWarnings({ ...facts, resolution: 64 }, SET)).toHaveLength(1);
  });
});
