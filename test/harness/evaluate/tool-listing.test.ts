import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imageNames } from "../../../harness/evaluate/image-names.ts";
import { inOrderOf, otherThanTool, type Tool } from "../../../harness/evaluate/tool-listing.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

const warnings = (tool: Tool, ...names: string[]) => otherThanTool(tool, names, imageNames(names, "x"));

describe("what a tool would take otherwise", () => {
  const flat = ["1.png", "2.jpg"];
  const nested = ["a/1.png", "b/2.png"];

  it.each<[Tool, string[], RegExp[]]>([
    ["pytorch-fid", flat, []],
    [
      "pytorch-fid",
      [...flat, "a/3.png", "4.PNG"],
      [/directly in the folder.* of these 4 images it would leave out 2 \(a\/3\.png, 4\.PNG\)/],
    ],
    ["pytorch-fid", [...flat, ".3.png"], [/would also take 1 \(\.3\.png\)/]],
    ["torch-fidelity", [...flat, "3.PNG"], []],
    ["torch-fidelity", [...flat, "a/3.png", "4.webp"], [/leave out 2 \(a\/3\.png, 4\.webp\)/]],
    ["clean-fid", [...flat, ...nested, "3.JPG"], []],
    [
      "clean-fid",
      [...flat, "3.WEBP", "4.npy", ".5.png"],
      [/leave out 1 \(3\.WEBP\)/, /also take 1 \(4\.npy\)/],
    ],
    ["edm", [...flat, ...nested, "3.WEBP"], []],
    ["edm", [...flat, ".3.png"], [/also take 1 \(\.3\.png\)/]],
    ["dgm-eval", nested, []],
    ["dgm-eval", [...flat, ...nested], [/leave out 2 \(a\/1\.png, b\/2\.png\)/]],
    [
      "dgm-eval",
      ["a/b/1.png", "a/b/2.png", "a/b/3.png"],
      [/of these 3 images it would leave out 3 \(a\/b\/1\.png, a\/b\/2\.png, …\)/],
    ],
    ["adm", [...flat, ...nested, ".3.png"], []],
  ])("%s of %j", (tool, names, told) => {
    const found = warnings(tool, ...names);
    expect(found).toHaveLength(told.length);
    for (const [i, words] of told.entries()) expect(found[i]).toMatch(words);
    for (const warning of found) expect(warning.startsWith(`${tool} takes `)).toBe(true);
  });
});

describe("the order of", () => {
  const names = ["a/x.png", "a-b/x.png", "Z.png", "10.png", "9.png"];

  it.each<[Tool | undefined, string[]]>([
    [undefined, ["10.png", "9.png", "Z.png", "a-b/x.png", "a/x.png"]],
    ["clean-fid", ["10.png", "9.png", "Z.png", "a-b/x.png", "a/x.png"]],
    ["edm", ["10.png", "9.png", "Z.png", "a-b/x.png", "a/x.png"]],
    // As Python's paths, part by part.
    ["dgm-eval", ["10.png", "9.png", "Z.png", "a/x.png", "a-b/x.png"]],
  ])("%s", async (tool, wanted) => {
    expect(await inOrderOf(tool, names, "nowhere")).toEqual(wanted);
  });

  it("torch-fidelity follows links, the others their names", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "all"));
    mkdirSync(join(folder, "some"));
    for (const [link, file] of [
      ["1.png", "z.png"],
      ["2.png", "a.png"],
    ] as const) {
      writeFileSync(join(folder, "all", file), "");
      symlinkSync(join(folder, "all", file), join(folder, "some", link));
    }
    const order = (tool: Tool) => inOrderOf(tool, ["1.png", "2.png"], join(folder, "some"));
    expect(await order("torch-fidelity")).toEqual(["2.png", "1.png"]);
    expect(await order("pytorch-fid")).toEqual(["1.png", "2.png"]);
  });
});
