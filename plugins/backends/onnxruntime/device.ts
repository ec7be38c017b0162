/** Execution providers other than the CPU's: checked by name, version and use before anything is computed with them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { UserError } from "../../../harness/errors.ts";
import { add, toOnnx, trace } from "../../../harness/program/index.ts";
import { sessionOptions } from "./executable.ts";

export type Device = "cpu" | "cuda" | "webgpu";

/** Those that the binding knows by name on this system; CUDA's provider lies in a file of its own. */
export const knownDevices = (): readonly string[] => ort.listSupportedBackends().map(({ name }) => name);

/** What brings a device's provider and what it needs. */
export const MEND: Readonly<Record<Exclude<Device, "cpu">, string>> = {
  cuda: `check \`nvidia-smi\`; epg-bench's \`scripts/ort-cuda-from-wheel.sh . LIBRARIES\` adds the provider, that of onnxruntime-gpu ${ort.env.versions.common}, and CUDA's libraries (Linux on x64 alone); or --backend torch --device cuda, which brings its own CUDA`,
  webgpu:
    "install a Vulkan, Metal or Direct3D 12 driver for your GPU (on Debian: `apt install mesa-vulkan-drivers`, `vulkaninfo --summary` tells), or --device cpu",
};

/** Where the binding lies, and its providers beside it. */
const bindingFolder = (): string =>
  join(
    dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json")),
    "bin/napi-v6",
    process.platform,
    process.arch,
  );

/** @throws UserError where the device is not there; never another device in its place */
export async function requireDevice(device: Device, folder = bindingFolder()): Promise<void> {
  if (device === "cpu") return;
  const known = knownDevices();
  if (!known.includes(device))
    throw new UserError(
      `backend onnxruntime: no ${device} on ${process.platform} ${process.arch}, only ${known.join(", ")}`,
      "take another device with --device",
    );
  if (device === "cuda") await requireProvider(folder);
  try {
    await compute(device);
  } catch (error) {
    // What failed stands after the place in ONNX Runtime's sources where it did.
    const reason = (error as Error).message
      .trim()
      .split("\n")[0]!
      .replace(/^.* was false\. /, "");
    throw new UserError(`backend onnxruntime: ${device} cannot compute here: ${reason}`, MEND[device]);
  }
}

export const cudaProvider = (folder = bindingFolder()): string =>
  join(
    folder,
    process.platform === "win32" ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so",
  );

/** One of another version would load, and take its options for others. */
async function requireProvider(folder: string): Promise<void> {
  const version = ort.env.versions.common!;
  const file = cudaProvider(folder);
  if (!existsSync(file))
    throw new UserError(`backend onnxruntime: its CUDA provider is not installed: no ${file}`, MEND.cuda);
  // It names its version once, as a string of its own.
  if (!(await readFile(file)).includes(`\0${version}\0`))
    throw new UserError(
      `backend onnxruntime: the CUDA provider is not of ONNX Runtime ${version}, which onnxruntime-node is: ${file}`,
      MEND.cuda,
    );
}

async function compute(device: Device): Promise<void> {
  const program = trace("add", (p) => p.output("y", add(p.input("x", [1]), 3)));
  const session = await ort.InferenceSession.create(toOnnx(program), sessionOptions({ device, threads: 1 }));
  const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(4), [1]) });
  await session.release();
  if ((y as ort.Tensor).data[0] !== 7) throw new Error(`adds 3 to 4 to ${(y as ort.Tensor).data[0]}`);
}
