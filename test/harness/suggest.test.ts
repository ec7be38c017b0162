import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest, suggestion } from "../../harness/suggest.ts";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["sedd", "seed", 1],
    ["smaples", "samples", 1], // one swap
    ["ca", "abc", 3], // optimal string alignment edits no letter twice
  ])("%j → %j: %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it("is symmetric, zero for equal words alone, and at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe("nearest", () => {
  it("finds the word meant", () => {
    expect(nearest("smaples", ["seed", "samples", "entries"])).toBe("samples");
    expect(nearest("EPG", ["latent", "epg"])).toBe("epg");
  });

  it("names none where none is near", () => {
    expect(nearest("zebra", ["seed", "samples"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
});

it("suggestion names the nearest and all", () => {
  expect(suggestion("sed", ["seed", "labels"])).toBe('did you mean "seed"? (known: seed, labels)');
  expect(suggestion("zebra", ["seed", "labels"])).toBe("known: seed, labels");
});
