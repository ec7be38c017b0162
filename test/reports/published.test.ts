import { describe, expect, test } from "vitest";
import { published } from "../../harness/references/published.ts";
import type { Result } from "../../harness/result.ts";
import { besidePublished } from "../../reports/published.ts";
import { fixtureResult } from "../fixtures/result.ts";

/** The fixture as if it had been made on ImageNet, scored with Inception as the field does. */
function imageNetResult(): Result {
  const result = fixtureResult();
  const { run } = result;
  Object.assign(run, { resolution: 256, samples: 50_000 });
  Object.assign(run.dataset, {
    train: 1_281_167,
    classes: Array.from({ length: 1000 }, (_, k) => `${k}`),
    scoredAgainst: "train",
  });
  const fids: Record<string, number> = { "EPG, Heun 16": 2.5, "EPG, one step": 9, "VAE + DiT": 1 };
  for (const row of result.results)
    if (row.metric.startsWith("fd-") && Object.hasOwn(fids, row.entry))
      Object.assign(row, { metric: "fid-train", value: fids[row.entry], n: 50_000, standardError: 0.01 });
  return result;
}

const rowsOf = (text: string): string[] =>
  text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| :--"));

describe("a run on ImageNet", () => {
  const text = besidePublished(imageNetResult())!;
  const names = rowsOf(text).map((line) => line.split(" | ")[0]!.slice(2));

  test("stands among published ones by its FID, told apart", () => {
    const own = names.flatMap((name, at) => (name.startsWith("**this run: ") ? [at] : []));
    expect(own.map((at) => names[at])).toEqual([
      "**this run: VAE + DiT**",
      "**this run: EPG, Heun 16**",
      "**this run: EPG, one step**",
    ]);
    expect(own[0]).toBe(1);
    const values = rowsOf(text)
      .slice(1)
      .map((line) => Number.parseFloat(line.split(" | ")[2]!.replaceAll("*", "")));
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(text).toContain("| **2.500 ± 0.010** |");
  });

  test("meets rows of its resolution alone, whose FID is not another tool's", () => {
    expect(names).toContain("DiT-XL/2");
    expect(names).not.toContain("EPG-L/32");
    expect(names.filter((name) => /JiT|U-ViT-H|MeanFlow-XL/.test(name))).toEqual([]);
    expect(text).toMatch(/Left out, .*: U-ViT, .*JiT/);
    const at256 = published().results.filter(({ resolution }) => resolution === 256);
    expect(names.length).toBeLessThan(at256.length);
  });

  test("has conflicting values marked", () => {
    expect(rowsOf(text).find((line) => line.includes("277.5"))).toContain("| 277.5\\* |");
  });
});

describe("not comparable", () => {
  test.each<[string, (result: Result) => void, RegExp]>([
    [
      "another network's features",
      ({ results }) => {
        for (const row of results) row.metric = row.metric.replace("fid-train", "fd-x-train");
      },
      /there is no FID/,
    ],
    [
      "fewer samples",
      ({ results }) => {
        for (const row of results) if (row.metric === "fid-train") row.n = 5000;
      },
      /n is 5,000, not 50,000/,
    ],
    [
      "other data",
      ({ run }) => {
        run.dataset.train = 2000;
      },
      /the reference is not ImageNet's training set/,
    ],
    [
      "another tool",
      ({ run }) => {
        run.config = "built-in: eval --as clean-fid";
      },
      /the FID is clean-fid's/,
    ],
  ])("for %s, and it says so in place of a table", (_, change, reason) => {
    const result = imageNetResult();
    change(result);
    const text = besidePublished(result)!;
    expect(text).toMatch(reason);
    expect(rowsOf(text)).toEqual([]);
    expect(text.match(/^- /gm)).toHaveLength(1);
  });

  test("at a resolution that nothing is published at there is no section", () => {
    expect(besidePublished(fixtureResult())).toBeNull();
  });
});

test("an evaluation against ADM's statistics is comparable by its reference's name", () => {
  const result = imageNetResult();
  Object.assign(result.run.dataset, {
    name: "/cache/references/imagenet-256.npz",
    train: 0,
    classes: [],
    scoredAgainst: "reference",
  });
  for (const row of result.results) if (row.metric === "fid-train") row.metric = "fid";
  result.run.config = "built-in: eval --as adm";
  expect(besidePublished(result)).toContain("**this run: VAE + DiT**");
  result.run.dataset.name = "/cache/references/imagenet-512.npz";
  expect(besidePublished(result)).toMatch(/the reference is not ImageNet's/);
});
