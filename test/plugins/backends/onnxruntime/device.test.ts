import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { expect, it } from "vitest";
import { requireDevice } from "../../../../plugins/backends/onnxruntime/device.ts";
import plugin from "../../../../plugins/backends/onnxruntime/index.ts";
import { temporaryFolder } from "../../../fixtures/temporary-folder.ts";
import { refusal } from "../worker/actor.ts";

const linux = process.platform === "linux" && process.arch === "x64";
const version = ort.env.versions.common!;

/** Beside the binding: a CUDA provider that says this. */
function providers(text: string | null): string {
  const folder = temporaryFolder();
  if (text !== null) writeFileSync(join(folder, "libonnxruntime_providers_cuda.so"), text);
  return folder;
}

it("asks nothing of the CPU", async () => {
  await requireDevice("cpu", providers(null));
});

it.runIf(linux).each([
  ["without its provider", null, /CUDA provider is not installed: no .*\n.*ort-cuda-from-wheel\.sh/],
  ["with that of another version", "\0" + "1.29.0\0", /is not of ONNX Runtime .*\n.*onnxruntime-gpu/],
  ["with one that names it within another", `\0${version}1\0`, /is not of ONNX Runtime/],
  ["with one that does not load", `\0${version}\0`, /cuda cannot compute here: .*\n.*nvidia-smi/],
])("refuses CUDA %s", async (_, text, expected) => {
  expect(await refusal(requireDevice("cuda", providers(text)))).toMatch(expected);
});

it.runIf(linux)("refuses WebGPU where there is no adapter, and computes nowhere else", async () => {
  const before = process.env.VK_ICD_FILENAMES;
  process.env.VK_ICD_FILENAMES = join(temporaryFolder(), "none.json");
  try {
    expect(await refusal(plugin.open(plugin.schema.parse({ device: "webgpu" })))).toMatch(
      /webgpu cannot compute here: .*adapter.*\n.*Vulkan/i,
    );
  } finally {
    if (before === undefined) delete process.env.VK_ICD_FILENAMES;
    else process.env.VK_ICD_FILENAMES = before;
  }
});

it("refuses a device it does not know", () => {
  expect(plugin.schema.safeParse({ device: "rocm" }).success).toBe(false);
});
