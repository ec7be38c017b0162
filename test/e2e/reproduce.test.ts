/** Every step of a reproduction but the download: a small generated checkpoint, a reference made here. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeAdmSamples } from "../../harness/formats/npz.ts";
import { createStream } from "../../harness/random/index.ts";
import type { RecipeInput } from "../../harness/reproduce/recipe.ts";
import type { Reproduction } from "../../harness/reproduce/reproduce.ts";
import { networkShape } from "../../plugins/models/epg/sizes.ts";
import { randomWeights, writePth } from "../plugins/models/epg/weights.ts";
import { command, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const SIDE = 32;

const recipe: RecipeInput = {
  title: "a tiny EPG",
  source: "nowhere",
  checkpoint: { url: null, sha256: null, file: "tiny-that-is-not-cached.pth" },
  data: { title: "coloured noise", resolution: SIDE, classes: 5, train: 100 },
  model: {
    plugin: "epg",
    options: {
      size: "tiny",
      sampler: { kind: "heunReleased", steps: 3 },
      guidance: { scale: 2 },
      clamp: "released",
    },
  },
  labels: "balanced",
  seed: 0,
  samples: 40,
  reference: "reference.npz",
  features: "efficientnet-lite0",
  convention: null,
  // 2·2 calls; of the levels 80, 2.5 and .002 none is guided.
  expected: { metric: "fd-efficientnet-lite0", value: 0, decimals: 2, nfe: 4 },
};

const writeRecipe = (name: string, expected: Partial<RecipeInput["expected"]>): void =>
  writeFileSync(
    join(folder, name),
    JSON.stringify({ ...recipe, expected: { ...recipe.expected, ...expected } }),
  );

const reproduce = (...argv: string[]) => command(folder, ["reproduce", ...argv]);

beforeAll(async () => {
  writePth(join(folder, "tiny.pth"), randomWeights(networkShape("tiny", { resolution: SIDE, classes: 5 })));
  const images = new Uint8Array(48 * SIDE * SIDE * 3);
  const random = createStream(1, "reference");
  for (let i = 0; i < images.length; i++) images[i] = random.integer(256);
  await writeAdmSamples(join(folder, "reference.npz"), images, [48, SIDE, SIDE, 3]);
  writeRecipe("tiny.json", {});
}, 60_000);

describe("reproduce", () => {
  it("fails where another value is found, exit 20; passes where the same is, exit 0, from the same samples", async () => {
    const failed = await reproduce(
      "tiny.json",
      "--weights",
      "tiny.pth",
      "--output",
      "one",
      "--json",
      "one.json",
    );
    expect(failed.stderr).not.toContain("    at ");
    expect(failed.exitCode).toBe(20);
    const found = JSON.parse(readFileSync(join(folder, "one.json"), "utf8")) as Reproduction;
    expect(found.verdict).toMatchObject({ expected: 0, status: "fail" });
    expect(found.nfe).toEqual({ expected: 4, found: 4 });
    expect(found.weights.part).toBe("the part unnamed");
    expect(found.notes.join()).toContain(found.weights.sha256);
    expect(JSON.parse(readFileSync(join(folder, "one", "reproduction.json"), "utf8"))).toEqual(found);
    expect(existsSync(join(folder, "one", found.grid))).toBe(true);
    expect(failed.stdout).toMatch(/expected 0, found \d.*\nfail: .* apart, tolerance /s);

    writeRecipe("same.json", { value: Number(found.verdict.found.toFixed(2)) });
    const passed = await reproduce("same.json", "--weights", "tiny.pth", "--output", "two");
    expect(passed.stdout).toMatch(/\npass: /);
    expect(passed.exitCode).toBe(0);
  });

  it("does not compare fewer samples, and says so", async () => {
    const fewer = await reproduce(
      "tiny.json",
      "--weights",
      "tiny.pth",
      "--samples",
      "24",
      "--output",
      "fewer",
    );
    expect(fewer.stdout).toContain("not comparable: 24 samples, and the published value is of 40");
    expect(fewer.exitCode).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ["a recipe that is none", ["epg-xl"], /no recipe "epg-xl".*epg-xl-256/s],
    [
      "a checkpoint that is neither here nor anywhere else",
      ["tiny.json"],
      /tiny-that-is-not-cached\.pth is not at/,
    ],
    [
      "a checkpoint of another size, before a reference is missed",
      ["epg-l-256-onestep", "--weights", "tiny.pth"],
      /error: --weights: tiny\.pth is of another size: .*; it looks like EPG, tiny, 32 px, 5 classes\n {2}fix: give the checkpoint of /,
    ],
    [
      "a reference that is not here",
      ["tiny.json", "--weights", "tiny.pth", "--reference", "no.npz"],
      /no\.npz/,
    ],
  ])("refuses %s", async (_, argv, message) => {
    const refused = await reproduce(...argv);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr).not.toContain("    at ");
  });
});
