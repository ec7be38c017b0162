import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OPS } from "../../../../harness/program/index.ts";
import plugin from "../../../../plugins/backends/tfjs/index.ts";
import { load } from "../../../../plugins/backends/tfjs/load.ts";
import { TFJS_OPS } from "../../../../plugins/backends/tfjs/ops.ts";
import { backendConforms } from "../../../conformance/backend.ts";
import { reasonToSkip } from "../../../conformance/present.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { refusal } from "../worker/actor.ts";

const open = () => plugin.open(plugin.schema.parse({}));
const skipped = await reasonToSkip("tfjs", open);

if (skipped !== null) it.skip(`backend tfjs: ${skipped}`, () => {});
else backendConforms("tfjs", open);

it("knows every operation of the program core, by itself or by its decomposition, and no other", () => {
  const missing = Object.values(OPS).filter(
    ({ name, ...op }) => !("decompose" in op) && name !== "constant" && !(name in TFJS_OPS),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
  expect(Object.keys(TFJS_OPS).filter((name) => !(name in OPS))).toEqual([]);
});

describe("tfjs that is not whole", () => {
  /** A package whose main file is `body`. */
  function installed(name: string, body: string): string {
    const folder = temporaryFolder();
    const at = join(folder, "node_modules", name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "package.json"), JSON.stringify({ name, version: "4.22.0", main: "index.js" }));
    writeFileSync(join(at, "index.js"), body);
    return folder;
  }

  it("lacks its binding: the first line of what it says, and how to build it", async () => {
    const folder = installed(
      "@tensorflow/tfjs-node",
      `throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found at path: x\\nPlease run");`,
    );
    expect(await refusal(load("cpu", 1, [folder]))).toMatch(
      /tfjs-node is installed and does not load: The Node\.js native addon module .* path: x\n.*npm rebuild/,
    );
  });

  it("sees no GPU where one is asked for", async () => {
    const folder = installed(
      "@tensorflow/tfjs-node-gpu",
      "module.exports = { ready: async () => {}, backend: () => ({ isUsingGpuDevice: false }) };",
    );
    expect(await refusal(load("cuda", 1, [folder]))).toMatch(/tfjs-node-gpu sees no GPU\n.*nvidia-smi/);
  });

  it("is not installed", async () => {
    const name = "@tensorflow/tfjs-node-gpu";
    expect(await refusal(load("cuda", 1, [temporaryFolder()]))).toBe(
      `backend tfjs: found no ${name}\n\`npm install ${name}\` where you run epg-bench, or name the folder it lies in with NODE_PATH`,
    );
  });
});

it("refuses options it does not know", () => {
  for (const options of [{ device: "webgpu" }, { threads: 0 }, { python: "python3" }])
    expect(plugin.schema.safeParse(options).success, JSON.stringify(options)).toBe(false);
});
