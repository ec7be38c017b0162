import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareEntries } from "../../harness/gate/summary.ts";
import { resultSchema } from "../../harness/result.ts";
import { reporters } from "../../reports/index.ts";
import { markdown } from "../../reports/markdown.ts";
import { arbitrary } from "../fixtures/arbitrary.ts";
import { fixtureResult, probeRow, rowOf } from "../fixtures/result.ts";

const report = markdown(fixtureResult());

/** The cells of the first line that begins with this name, after a heading. */
function cells(text: string, heading: string, name: string): string[] {
  const section = text.slice(text.indexOf(heading));
  const line = section.split("\n").find((one) => one.startsWith(`| ${name} |`))!;
  return line.split(" | ").slice(1);
}

describe("order", () => {
  test("the first line states the match of compute, then banner, gate, summary", () => {
    const lines = report.split("\n").filter((line) => line !== "");
    expect(lines[0]).toContain("equal total training compute");
    expect(lines[1]).toContain("Smoke scale");
    expect(report.indexOf("No gate")).toBeLessThan(report.indexOf("is ahead on KID"));
  });

  test("sections follow each other, what matters first", () => {
    const headings = [...report.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual([
      "Scores",
      "Frontier",
      "Reconstruction",
      "Reference points",
      "Sampling",
      "Compute ledger",
      "Samples",
      "Warnings",
      "Otherwise than in the papers",
      "Environment",
      "How to reproduce",
    ]);
  });
});

describe("scores", () => {
  test("values stand with their errors, and in bold only when beyond them", () => {
    const [n, fd, kid, , precision] = cells(report, "## Scores", "EPG, Heun 16");
    expect([n, fd, kid, precision]).toEqual([
      "512",
      "**61.2 ± 1.8**",
      "**0.0412 ± 0.0024**",
      "0.620 ± 0.020",
    ]);
    const close = fixtureResult();
    rowOf(close, "VAE + DiT", "kid").value = 0.043;
    close.comparisons = compareEntries(close).comparisons;
    expect(cells(markdown(close), "## Scores", "EPG, Heun 16")[2]).toBe("0.0412 ± 0.0024");
  });

  test("heads carry the direction, and the real images' value where all rows share it", () => {
    expect(report).toContain("| KID ↓ | IS ↑<br>(reference images: 4.7) | precision ↑ |");
    const one = fixtureResult();
    rowOf(one, "VAE + DiT", "is").beside = { label: "reference images", value: 5.1 };
    expect(markdown(one)).toContain("2.8<br>(reference images: 5.1)");
  });

  test("rows of another n are flagged, and only they", () => {
    expect(cells(report, "## Reconstruction", "VAE + DiT, reconstruction")[0]).toBe("256 ⚠");
    expect(cells(report, "## Reference points", "real, held-out")[0]).toBe("512");
    expect(report.match(/⚠ n differs/g)).toHaveLength(1);
  });

  test("it says what the errors cover, what is never gated, and where FD is mostly bias", () => {
    expect(report).toContain("covers the draw of samples, not training");
    expect(report).toContain("Never gated: the data's classes are not the extractor's");
    expect(report).toContain("below 6,400 (five images a feature dimension)");
    const many = fixtureResult();
    many.run.featureDims = 64;
    expect(markdown(many)).not.toContain("five images a feature dimension");
  });
});

test("costs have units, shared stages are billed in full, the run's total stands apart", () => {
  expect(report).toContain(
    "| pre-training (training) | EPG, Heun 16; EPG, one step | 900 | 28,800 | 32 | 19 TMAC | 39.2 TFLOP | 2.101 M | 34.2 s | 0.3 % | 512 MB | no |",
  );
  expect(cells(report, "### Each entry, billed in full", "EPG, Heun 16").slice(0, 2)).toEqual([
    "41 TFLOP",
    "80.2 TFLOP",
  ]);
  expect(report).toContain("| total train FLOPs ↓ | wall-clock ↓ | peak memory ↓ |");
  expect(report).toContain("The run's actual total, shared stages once: training 216 TFLOP");
  const sampling = cells(report, "## Sampling", "EPG, one step");
  expect(sampling.slice(0, 6)).toEqual([
    "sampler one-step",
    "1",
    "0",
    "52 MMAC",
    "0.1092 GFLOP",
    "**611 ± 12 images/s**",
  ]);
});

test("a training that waited for its batches is named, and no other", () => {
  expect(report).toContain(
    "**Training waited for its batches** more than 2.0 % of its time: consistency fine-tuning (EPG, one step) 5.1 %.",
  );
  expect(cells(report, "## Compute ledger", "VAE (training)")[8]).toBe("—");
  const fed = fixtureResult();
  for (const line of fed.ledger) delete line.inputWaitSeconds;
  expect(markdown(fed)).not.toContain("Training waited");
});

test("a probed encoder has a section of its own, its yardstick beside, its n not the samples'", () => {
  expect(report).not.toContain("## Pre-trained encoders");
  const result = fixtureResult();
  result.results.push(probeRow);
  const text = markdown(result);
  expect(text).toContain("kNN accuracy ↑<br>(untrained encoder: 0.44)");
  expect(cells(text, "## Pre-trained encoders", "EPG, Heun 16").slice(0, 2)).toEqual([
    "300",
    "0.610 ± 0.028 |",
  ]);
  expect(text).toContain("- kNN accuracy (`knn-accuracy`): 20 nearest training images; online weights");
  expect(cells(text, "## Scores", "EPG, Heun 16")).toEqual(cells(report, "## Scores", "EPG, Heun 16"));
});

test("an autoencoder is billed in full, shared and free", () => {
  const section = report.slice(report.indexOf("### The autoencoder, billed three ways"));
  // 20.8 TFLOP of it beside 0.82 of encoding, in the fixture's ledger
  expect(section).toContain("| VAE + DiT | 21.62 TFLOP | 2.9 TFLOP | 0.82 TFLOP |");
  const without = fixtureResult();
  for (const line of without.ledger) delete line.autoencoder;
  expect(markdown(without)).not.toContain("billed three ways");
  expect(section).not.toContain("by its own account");
});

test("an autoencoder of a file is billed so too, by what the file tells", () => {
  const billed = (flops: number | null): string => {
    const result = fixtureResult();
    result.ledger = result.ledger.filter(({ autoencoder }) => !autoencoder);
    const entry = result.run.entries.find(({ name }) => name === "VAE + DiT")!;
    entry.pretrained = [{ stage: "VAE", file: "vae.safetensors", steps: 2, flops, autoencoder: true }];
    const text = markdown(result);
    return text.slice(text.indexOf("### The autoencoder, billed three ways"));
  };
  // 0.82 TFLOP of encoding beside it.
  expect(billed(1e12)).toContain("| VAE + DiT | 1.82 TFLOP | 0.92 TFLOP | 0.82 TFLOP |");
  expect(billed(null)).toContain("| VAE + DiT | unknown | unknown | 820 GFLOP |");
  expect(billed(null)).toContain("by its own account, and unknown where it does not tell");
});

test("pictures are beside the report, the film strip with its steps", () => {
  expect(report).toContain("![samples of EPG, Heun 16](samples/epg-heun-16.png)");
  expect(report).toContain("after 250, 500, 1,000, 2,000 steps");
  expect(report).toContain("](samples/vae-dit-neighbours.png)");
});

test("a stage's curve is shown and its numbers are named; none, where nothing trained", () => {
  expect(report).not.toContain("## Training");
  const result = fixtureResult();
  result.run.curves = [{ stage: "EPG: pre-training", csv: "curves/epg.csv", svg: "curves/epg.svg" }];
  const drawn = markdown(result);
  expect(drawn).toContain("![loss of EPG: pre-training](curves/epg.svg)");
  expect(drawn).toContain("learning rates: `curves/epg.csv`");
});

test("a failed entry is named with its reason; the others stay", () => {
  const result = fixtureResult();
  result.run.status = "incomplete";
  Object.assign(result.run.entries[1]!, { status: "failed", failure: "NaN in the loss at step 812" });
  result.results = result.results.filter(({ entry }) => entry !== "EPG, one step");
  const text = markdown(result);
  expect(text).toContain("**The run is incomplete.**");
  expect(text).toContain("- EPG, one step: NaN in the loss at step 812");
  expect(cells(text, "## Scores", "EPG, one step (failed)")[1]).toBe("—");
});

test("verdicts: what is not ok stands open, the rest is folded", () => {
  const result = fixtureResult();
  const common = { base: 31, comparison: "exact" as const, interval: null, limit: "equal" };
  const kid = rowOf(result, "VAE + DiT", "kid").metric;
  result.gate = { status: "failed", reason: "1 worse, 1 ok" };
  result.verdicts = [
    {
      ...common,
      entry: "VAE + DiT",
      metric: kid,
      level: "error",
      status: "ok",
      found: 31,
      reason: "no difference",
    },
    {
      ...common,
      entry: "EPG, Heun 16",
      metric: "nfe",
      level: "error",
      status: "worse",
      found: 3,
      reason: "3 is not equal to the baseline's 31",
    },
  ];
  const text = markdown(result);
  expect(text).toContain("**❌ Gate failed**: 1 worse, 1 ok");
  expect(text.indexOf("| ❌ worse | NFE ↓ | EPG, Heun 16 | 31 | 3 | equal |")).toBeLessThan(
    text.indexOf("<details>"),
  );
  expect(text.indexOf("| ✅ ok | KID ↓")).toBeGreaterThan(text.indexOf("<details>"));
});

test("it tells how to run again", () => {
  expect(report).toContain("`npx epg-bench run --seed 0`");
  expect(report).toMatch(/hash `[0-9a-f]{12}`; seed 0/);
});

test("any valid result has a report without holes, whose tables are tables", () => {
  fc.assert(
    fc.property(arbitrary(resultSchema), (result) => {
      const text = markdown(resultSchema.parse(result));
      expect(text).not.toMatch(/NaN|undefined|null|Infinity/);
      for (const block of text.split("\n\n").filter((part) => part.startsWith("|"))) {
        const widths = block.split("\n").map((line) => line.replaceAll("\\|", "").split("|").length);
        expect(new Set(widths).size).toBe(1);
      }
    }),
    { numRuns: 200 },
  );
});

test("reporters write into the folder and say what they wrote", async () => {
  const folder = await mkdtemp(join(tmpdir(), "epg-bench-report-"));
  for (const [name, load] of Object.entries(reporters)) {
    const reporter = await load();
    expect(reporter.name).toBe(name);
    const written = await reporter.write(fixtureResult(), folder);
    expect(written).toContain(`report.${name}`);
    const plots = written.filter((path) => !path.startsWith("report."));
    for (const plot of plots) expect(report).toContain(`(${plot})`);
  }
  expect(await readFile(join(folder, "report.md"), "utf8")).toBe(report);
  expect(JSON.parse(await readFile(join(folder, "report.json"), "utf8"))).toEqual(fixtureResult());
});

test("what was computed anew to save memory is told below the ledger, and is in no bill", () => {
  const result = fixtureResult();
  result.ledger[0]!.recomputedFlops = 3e12;
  const told =
    "\nComputed anew for the backward pass to save memory, beside these and in no bill: pre-training (EPG, Heun 16; EPG, one step) 3 TFLOP.\n";
  const text = markdown(result);
  expect(text).toContain(told);
  expect(text.replace(told, "")).toBe(report);
});
