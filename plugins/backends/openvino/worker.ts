/** Starts worker.py. */
import { UserError } from "../../../harness/errors.ts";
import type { Frame } from "../worker/frames.ts";
import { type Limits, startWorker, type Worker } from "../worker/process.ts";
import { type Library, OTHER_PYTHON, requireLibrary } from "../worker/python.ts";

export interface OpenvinoSettings {
  readonly python: string;
  readonly threads: number;
  readonly bfloat16: boolean;
}

/** What a worker says of itself. */
export interface Hello {
  readonly python: string;
  readonly openvino: string;
  /** Whether the processor has instructions for it. */
  readonly bfloat16: boolean;
}

const OPENVINO: Library = { name: "OpenVINO", package: "openvino", oldest: "2024.4" };

/** @throws UserError naming what is missing: Python, OpenVINO, a processor that computes in bfloat16 */
export const startOpenvino = (
  { python, ...settings }: OpenvinoSettings,
  limits: Limits,
): Promise<Worker<Hello>> =>
  startWorker(
    {
      backend: "openvino",
      python,
      script: new URL("./worker.py", import.meta.url),
      settings,
      requireUsable: (first, spawnError) => requireUsable(python, first, spawnError),
      remedies: {},
    },
    limits,
  );

function requireUsable(python: string, first: Frame | Error, spawnError?: string): void {
  const { refused, found } = requireLibrary("openvino", python, OPENVINO, first, spawnError);
  if (refused === undefined) return;
  if (refused === "no bfloat16")
    throw new UserError(
      `backend openvino: precision bf16 needs a processor with bfloat16 instructions, ${found} has none`,
      "compute in float32: leave out `precision`",
    );
  throw new UserError(`backend openvino: "${python}" refuses: ${refused}`, OTHER_PYTHON);
}
