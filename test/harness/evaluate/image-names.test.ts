import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byCodePoints, imageNames, labelsByFolder } from "../../../harness/evaluate/image-names.ts";

describe("imageNames", () => {
  it("passes over all but images, and over what is hidden", () => {
    const names = ["b.png", "a/2.JPG", "a/10.jpeg", "Z.webp", "notes.txt", ".hidden.png", "a/.thumbs/1.png"];
    expect(imageNames(names, "photos")).toEqual(["b.png", "a/2.JPG", "a/10.jpeg", "Z.webp"]);
  });

  it("refuses images it cannot read, rather than leaving them out", () => {
    expect(() => imageNames(["a.png", "sub/b.TIFF"], "photos")).toThrow(/photos\/sub\/b\.TIFF.*not \.tiff/);
  });
});

describe("byCodePoints", () => {
  it("sorts letters beyond the basic plane after those within, as Python does", () => {
    expect(["\u{1F600}", "\uFF5E", "ä", "Z", "a"].sort(byCodePoints)).toEqual([
      "Z",
      "a",
      "ä",
      "\uFF5E",
      "\u{1F600}",
    ]);
  });

  it("is the order of UTF-8", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(byCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});

describe("labelsByFolder", () => {
  it("gives every image the class of its folder", () => {
    expect(labelsByFolder(["dog/1", "cat/1", "dog/2", "a/b/1"])).toEqual(Int32Array.of(2, 1, 2, 0));
  });

  it("gives none where there is one folder, or images beside the folders", () => {
    for (const names of [
      ["1", "2"],
      ["dog/1", "dog/2"],
      ["dog/1", "cat/1", "2"],
    ])
      expect(labelsByFolder(names)).toBeNull();
  });
});
