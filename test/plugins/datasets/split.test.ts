import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { partOf, splitSchema } from "../../../plugins/datasets/split.ts";

const SPLIT = { train: 0.6, reference: 0.2, heldOut: 0.2 };

describe("partOf", () => {
  it("goes by the hash's place between 0 and 1", () => {
    const at = (place: number) =>
      Math.floor(place * 2 ** 48)
        .toString(16)
        .padStart(12, "0")
        .padEnd(64, "f");
    expect([0, 0.5999, 0.6001, 0.7999, 0.8001, 0.99999].map((place) => partOf(at(place), SPLIT))).toEqual([
      "train",
      "train",
      "reference",
      "reference",
      "heldOut",
      "heldOut",
    ]);
  });

  it("gives parts of about their shares", () => {
    const parts = Array.from({ length: 5000 }, (_, i) =>
      partOf(createHash("sha256").update(`${i}`).digest("hex"), SPLIT),
    );
    // A share's standard deviation is at most √(.6 · .4 / 5000) = .007.
    for (const [part, share] of Object.entries(SPLIT))
      expect(Math.abs(parts.filter((p) => p === part).length / 5000 - share)).toBeLessThan(0.03);
  });
});

describe("splitSchema", () => {
  it("is .6, .2, .2 by default", () => {
    expect(splitSchema.parse(undefined)).toEqual(SPLIT);
  });

  it.each([
    { train: 0.5, reference: 0.2, heldOut: 0.2 },
    { train: 0.8, reference: 0.2, heldOut: 0 },
    { train: 1.4, reference: -0.2, heldOut: -0.2 },
    { train: 0.8, reference: 0.2 },
    { train: 0.6, reference: 0.2, heldOut: 0.2, test: 0 },
  ])("refuses %o", (split) => {
    expect(splitSchema.safeParse(split).success).toBe(false);
  });
});
