/** Finds TensorFlow.js with its native binding, which is no dependency: whoever wants it installs it. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import util from "node:util";
import { UserError } from "../../../harness/errors.ts";
import type { TensorFlow } from "./tensorflow.ts";

export type Device = "auto" | "cpu" | "cuda";

export interface Loaded {
  readonly tf: TensorFlow;
  /** "@tensorflow/tfjs-node". */
  readonly package: string;
  readonly version: string;
  readonly device: "cpu" | "cuda";
}

const CPU_PACKAGE = "@tensorflow/tfjs-node";
const GPU_PACKAGE = "@tensorflow/tfjs-node-gpu";
const PACKAGES: Readonly<Record<Device, readonly string[]>> = {
  auto: [GPU_PACKAGE, CPU_PACKAGE],
  cuda: [GPU_PACKAGE],
  cpu: [CPU_PACKAGE],
};

/**
 * @param from folders to look in, beside those of NODE_PATH
 * @throws UserError where no package is installed, its binding does not load, or it sees no GPU that is asked for
 */
export async function load(
  device: Device,
  threads: number,
  from: readonly string[] = [process.cwd(), dirname(fileURLToPath(import.meta.url))],
): Promise<Loaded> {
  const require = createRequire(import.meta.url);
  const found = PACKAGES[device].flatMap((name) => {
    const file = resolved(require, name, from);
    return file === null ? [] : [{ name, file }];
  })[0];
  if (!found)
    throw new UserError(
      `backend tfjs: found no ${PACKAGES[device].join(" or ")}`,
      `\`npm install ${PACKAGES[device].at(-1)}\` where you run epg-bench, or name the folder it lies in with NODE_PATH`,
    );
  // TensorFlow reads them as it starts.
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = "1";
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  restoreOldUtilities();
  const tf = required(require, found);
  await tf.ready();
  const gpu = tf.backend().isUsingGpuDevice === true;
  if (device === "cuda" && !gpu)
    throw new UserError(
      `backend tfjs: ${found.name} sees no GPU`,
      "check `nvidia-smi` and that CUDA's libraries are on LD_LIBRARY_PATH, or take another device with --device",
    );
  tf.enableProdMode();
  const version = tf.version["tfjs-core"] ?? "unknown";
  return { tf, package: found.name, version, device: gpu ? "cuda" : "cpu" };
}

function resolved(require: NodeJS.Require, name: string, paths: readonly string[]): string | null {
  try {
    return require.resolve(name, { paths: [...paths] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return null;
  }
}

function required(require: NodeJS.Require, { name, file }: { name: string; file: string }): TensorFlow {
  try {
    return require(file) as TensorFlow;
  } catch (error) {
    const [reason] = (error as Error).message.trim().split("\n");
    throw new UserError(
      `backend tfjs: ${name} is installed and does not load: ${reason}`,
      `build its binding: \`npm rebuild ${name} --build-from-source\`, or scripts/tfjs-from-wheel.sh (CONTRIBUTING.md)`,
    );
  }
}

/** What tfjs-node 4.22 calls and Node 23 dropped. */
function restoreOldUtilities(): void {
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  old.isArray ??= Array.isArray;
}
