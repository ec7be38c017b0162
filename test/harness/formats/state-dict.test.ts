import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  differences,
  numbersIn,
  partsWith,
  roleOf,
  type Shapes,
} from "../../../harness/formats/state-dict.ts";

const shapes = (...names: string[]): Shapes => new Map(names.map((name, i) => [name, [i + 1, 2]]));

describe("differences", () => {
  it("names what is missing, surplus and of another shape, and leaves counters aside", () => {
    const expected = new Map([
      ["a", [1, 2]],
      ["b", [3]],
      ["c", []],
    ]);
    const found = new Map([
      ["b", [4]],
      ["c", []],
      ["d", [1]],
      ["head.1.num_batches_tracked", []],
    ]);
    expect(differences(expected, found)).toEqual({
      missing: ["a"],
      surplus: ["d"],
      misshapen: [{ name: "b", expected: [3], found: [4] }],
    });
    expect(differences(expected, found, (name) => name === "d").surplus).toEqual([]);
  });

  it("are none between equals, and change sides with their arguments", () => {
    const dict = fc
      .uniqueArray(fc.tuple(fc.string(), fc.array(fc.nat(5), { maxLength: 3 })), {
        selector: ([name]) => name,
      })
      .map((all) => new Map(all.filter(([name]) => !name.endsWith(".num_batches_tracked"))));
    fc.assert(
      fc.property(dict, dict, (a, b) => {
        expect(differences(a, a)).toEqual({ missing: [], surplus: [], misshapen: [] });
        expect(differences(a, b).missing).toEqual(differences(b, a).surplus);
        expect(differences(a, b).misshapen).toHaveLength(differences(b, a).misshapen.length);
      }),
    );
  });
});

describe("parts", () => {
  it("are found by their anchor, each with what is under its prefix alone", () => {
    const file = shapes("w", "b", "ema/w", "ema/b", "model.module.w", "adam.m/w", "other");
    const parts = partsWith("w", file).map(({ prefix, shapes: found }) => [prefix, [...found.keys()]]);
    expect(parts).toEqual([
      ["", ["w", "b", "other"]],
      ["ema/", ["w", "b"]],
      ["model.module.", ["w"]],
    ]);
  });

  it("are none where nothing is named so, or where there are too many", () => {
    expect(partsWith("w", shapes("weight", "xw"))).toEqual([]);
    expect(partsWith("w", shapes(...Array.from({ length: 17 }, (_, k) => `${k}.w`)))).toEqual([]);
  });
});

it.each([
  ["nnet_ema/", "x.pth", "ema"],
  ["target_model/", "x.pth", "target"],
  ["model/", "x.pth", "online"],
  ["module.", "nnet_ema.pth", null],
  ["", "/runs/ema/nnet.pth", "online"],
  ["", "C:\\runs\\nnet_ema.pth", "ema"],
  ["", "cinema.pth", null],
])("the role of %j in %s is %s", (prefix, file, role) => {
  expect(roleOf(prefix, file)).toBe(role);
});

it("counts numbers", () => {
  expect(
    numbersIn(
      new Map([
        ["a", [2, 3]],
        ["b", []],
        ["c", [0, 5]],
      ]),
    ),
  ).toBe(7);
});
