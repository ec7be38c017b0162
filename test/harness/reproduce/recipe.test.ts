import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRecipe } from "../../../harness/reproduce/recipe.ts";
import { RECIPES } from "../../../harness/reproduce/recipes.ts";
import { verdictOf } from "../../../harness/reproduce/verdict.ts";
import model from "../../../plugins/models/epg/index.ts";
import { schema } from "../../../plugins/models/epg/options.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

describe("published recipes", () => {
  test.each(Object.keys(RECIPES))("%s is one that the model takes", (name) => {
    const { model: described, data, checkpoint, samples } = findRecipe(name);
    const options = schema.parse({ ...described.options, weights: checkpoint.file });
    expect(model.pretrained!(options as never).map(({ file }) => file)).toEqual([checkpoint.file]);
    expect(data.classes).toBe(1000);
    expect(samples).toBe(50_000);
    expect(checkpoint.sha256).toBeNull();
  });

  test("expect what was published", () => {
    const values = Object.keys(RECIPES).map((name) => [name, findRecipe(name).expected.value]);
    expect(values).toEqual([
      ["epg-xl-256", 2.04],
      ["epg-l-512", 2.35],
      ["epg-l-256-onestep", 8.82],
    ]);
  });
});

test("a recipe of one's own says what is wrong with it", () => {
  const path = join(temporaryFolder(), "mine.json");
  writeFileSync(path, JSON.stringify({ ...RECIPES["epg-xl-256"], samples: 2 }));
  expect(() => findRecipe(path)).toThrow("mine.json: samples: ");
  writeFileSync(path, "{");
  expect(() => findRecipe(path)).toThrow("cannot be read");
});

describe("the verdict", () => {
  const recipe = { samples: 100, expected: { metric: "fid", value: 2.04, decimals: 2, nfe: 74 } };
  // 1.96·√2·.02 + .005
  const tolerance = 0.0604;

  test.each([
    [2.04, "pass"],
    [2.04 + tolerance - 0.001, "pass"],
    [2.04 - tolerance + 0.001, "pass"],
    [2.04 + tolerance + 0.001, "fail"],
    [2.04 - tolerance - 0.001, "fail"],
  ])("found %d: %s", (value, status) => {
    const verdict = verdictOf(recipe, { value, standardError: 0.02, n: 100 });
    expect(verdict.status).toBe(status);
    expect(verdict.tolerance).toBeCloseTo(tolerance, 4);
  });

  test("is none for other samples, or without an error", () => {
    expect(verdictOf(recipe, { value: 2.04, standardError: 0.02, n: 99 }).status).toBe("not comparable");
    expect(verdictOf(recipe, { value: 2.04, standardError: null, n: 100 }).status).toBe("not comparable");
  });
});
