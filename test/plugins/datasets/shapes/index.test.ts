import { describe, expect, it } from "vitest";
import shapes from "../../../../plugins/datasets/shapes/index.ts";
import { datasetConforms } from "../../../conformance/dataset.ts";

const SMALL = { resolution: 16, train: 64, reference: 32, heldOut: 16 };

const open = (options: Record<string, unknown> = {}, seed = 0) =>
  shapes.open(shapes.schema.parse({ ...SMALL, ...options }), {
    seed,
    cacheFolder: "nowhere",
    baseFolder: "nowhere",
    threads: 1,
  });

describe("shapes", () => {
  datasetConforms(open, {
    "another seed": () => open({}, 1),
    "another resolution": () => open({ resolution: 17 }),
    "more training images": () => open({ train: 65 }),
    "more reference images": () => open({ reference: 33 }),
    "more held-out images": () => open({ heldOut: 17 }),
  });

  it("has 32-pixel images in parts of 2048, 1024 and 512 by default", () => {
    expect(shapes.schema.parse({})).toEqual({ resolution: 32, train: 2048, reference: 1024, heldOut: 512 });
  });

  it("balances its classes", async () => {
    const { train, classes } = await open();
    const counts = classes.map(
      (_, c) => Array.from({ length: 64 }, (_, i) => train.label(i)).filter((l) => l === c).length,
    );
    expect(counts).toEqual([8, 8, 8, 8, 8, 8, 8, 8]);
  });

  it("keeps a part's images when another part grows, and its own first ones when it grows", async () => {
    const [first, second] = [await open(), await open({ train: 80 })];
    expect(second.reference.identity).toBe(first.reference.identity);
    expect(await second.train.images([63])).toEqual(await first.train.images([63]));
  });

  it("draws other images from another seed", async () => {
    const [first, second] = [await open(), await open({}, 1)];
    expect(await second.train.images([0])).not.toEqual(await first.train.images([0]));
  });

  it.each([
    ["resolution", 7],
    ["resolution", 32.5],
    ["train", 0],
    ["reference", -1],
    ["heldOut", "many"],
    ["held", 10],
  ])("refuses %s: %s", (field, value) => {
    expect(shapes.schema.safeParse({ [field]: value }).success).toBe(false);
  });
});
