import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { examineBindings, tfjsFinding } from "../../../harness/measure/bindings.ts";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";

it("finds TensorFlow.js with its native addon, and tells what adds either", () => {
  const folder = temporaryFolder();
  const find = () => tfjsFinding([join(folder, "package.json")]);
  expect(find()).toMatchObject({
    works: false,
    detail: "no @tensorflow/tfjs-node",
    fix: expect.stringContaining("npm install"),
  });
  const installed = join(folder, "node_modules", "@tensorflow", "tfjs-node");
  mkdirSync(join(installed, "lib", "napi-v8"), { recursive: true });
  writeFileSync(join(installed, "package.json"), "{}");
  expect(find()).toMatchObject({
    works: false,
    fix: expect.stringContaining("npm rebuild @tensorflow/tfjs-node "),
  });
  writeFileSync(join(installed, "lib", "napi-v8", "tfjs_binding.node"), "");
  expect(find()).toEqual({ what: "tfjs binding", works: true, detail: "@tensorflow/tfjs-node", fix: null });
});

it("leaves out what a backend tells of itself", () => {
  expect(examineBindings(["onnxruntime", "tfjs"])).toEqual([]);
  expect(examineBindings(["onnxruntime"]).map(({ what }) => what)).toEqual(["tfjs binding"]);
});
